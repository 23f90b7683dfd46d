// How much a piece is wanted: 0 not at all, 4 as usual, 7 most.

export const mostPriority = 7;
export const usualPriority = 4;
