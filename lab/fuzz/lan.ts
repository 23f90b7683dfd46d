// Mutated datagrams of the local network, a million or as many as asked for: node lab/fuzz/lan.ts [COUNT] [FIRST_SEED]

import { mutateDatagram } from '../../packages/lan/test/mutations.ts';
import { fuzz } from './fuzz.ts';

fuzz('lan', mutateDatagram);
