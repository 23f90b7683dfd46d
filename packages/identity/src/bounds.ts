/** An Ed25519 key in PEM with its comment line takes 220 bytes; a file beyond this is something else. */
export const longestKeyFile = 4096;
