/* Which variants this processor and operating system run: 1 AVX2 with FMA, 2 AVX-512, 4 NEON. Each bit stands for all
   that its -march assumes (x86-64-v3, x86-64-v4). Asked of the processor itself: zig has no __builtin_cpu_supports. */
#if defined(__x86_64__)
#include <cpuid.h>

int features(void) {
  unsigned a, b, c, d, saved, high, lzcnt = 1 << 5;
  unsigned first = bit_FMA | bit_MOVBE | bit_OSXSAVE | bit_AVX | bit_F16C, avx2 = bit_AVX2 | bit_BMI | bit_BMI2;
  unsigned avx512 = bit_AVX512F | bit_AVX512DQ | bit_AVX512CD | bit_AVX512BW | bit_AVX512VL;
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & first) != first) return 0;
  __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0)); /* The registers that the operating system saves. */
  if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !(c & lzcnt) || (saved & 0x06) != 0x06) return 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & avx2) != avx2) return 0;
  return (b & avx512) == avx512 && (saved & 0xe6) == 0xe6 ? 3 : 1;
}
#elif defined(__aarch64__)
int features(void) { return 4; }
#else
int features(void) { return 0; }
#endif
