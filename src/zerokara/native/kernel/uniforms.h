/* Uniform numbers, those of `random(n, float32)` of NumPy's PCG64 with the seed `zerokara.rng.entropy`. */

INLINE unsigned hashed(unsigned value, unsigned *constant, unsigned multiplier) {
  value ^= *constant, *constant *= multiplier, value *= *constant;
  return value ^ value >> 16;
}

INLINE unsigned mixed(unsigned x, unsigned y) {
  unsigned value = 0xca01f9ddu * x - 0x4973f715u * y;
  return value ^ value >> 16;
}

/* NumPy's SeedSequence: eight words of state from four or more of entropy. */
static void seed_words(int count, const unsigned *entropy, unsigned *state) {
  unsigned pool[4], constant = 0x43b0d7e5u;
  EACH(i, 4) pool[i] = hashed(entropy[i], &constant, 0x931e8875u);
  EACH(i, count) EACH(j, 4) {
    if (i != j) pool[j] = mixed(pool[j], hashed(i < 4 ? pool[i] : entropy[i], &constant, 0x931e8875u));
  }
  constant = 0x8b51f9ddu;
  EACH(i, 8) state[i] = hashed(pool[i % 4], &constant, 0x58f38dedu);
}

/* For each of some streams, one after another: sizes[i] numbers in [0, 1) from its words of entropy (streams, words).
   Each step of the generator gives two of them, of its low bits first. */
void EXPORT(uniforms)(int streams, int words, const unsigned *entropy, const integer *sizes, real *u) {
  __extension__ typedef unsigned __int128 wide;
  const wide multiplier = (wide)2549297995355413924u << 64 | 4865540595714422341u;
  for (int i = 0; i < streams; i++, entropy += words) {
    unsigned s[8];
    seed_words(words, entropy, s);
    wide first = (wide)s[1] << 96 | (wide)s[0] << 64 | (wide)s[3] << 32 | s[2];
    wide increment = ((wide)s[5] << 96 | (wide)s[4] << 64 | (wide)s[7] << 32 | s[6]) << 1 | 1;
    wide state = (increment + first) * multiplier + increment;
    for (integer left = sizes[i]; left > 0; left -= 2) {
      state = state * multiplier + increment;
      unsigned long long folded = (unsigned long long)(state >> 64) ^ (unsigned long long)state, turn = state >> 122;
      folded = folded >> turn | folded << (-turn & 63);
      *u++ = (real)((unsigned)folded >> 8) * (real)0x1p-24;
      if (left > 1) *u++ = (real)(folded >> 40) * (real)0x1p-24;
    }
  }
}
