// Mutated bencode, as much as asked for: node lab/fuzz/bencode.ts [COUNT] [FIRST_SEED]

import { mutate } from './bencode-mutations.ts';
import { fuzz } from './fuzz.ts';

fuzz('bencode', mutate);
