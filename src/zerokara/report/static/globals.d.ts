/** What the vendored scripts define. */
declare const uPlot: any;
