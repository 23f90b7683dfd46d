// How much a piece is wanted: 0 not at all, 4 as usual, 7 most.

export const mostPriority = 7;
export const usualPriority = 4;
/** Of files that somebody wants sooner or later than the others. */
export const highPriority = 6;
export const lowPriority = 2;
