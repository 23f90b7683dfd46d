// Every bound of this room, each with its reason.

/** An Ed25519 key in PEM with its comment line takes 220 bytes; a file beyond this is something else. */
export const longestKeyFile = 4096;

/** As much as one signed record may hold: a publication with its description. Who reads a kind that is shorter says so. */
export const longestRecord = 64 * 1024;

/** The name of what a record says: "lease". */
export const longestKind = 32;

/** Records nest no deeper than their own dictionary, its body, and what is listed there. */
export const deepestRecord = 8;

/** How far two clocks may be apart before what one dated is refused by the other: NTP keeps seconds, a person minutes. */
export const clockToleranceSeconds = 10 * 60;

/** The latest time that a record may name: the year 9999, which every calendar can show. */
export const latestSeconds = 253_402_300_799;
