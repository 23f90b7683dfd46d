// Mutated datagrams against a DHT node, a million or as many as asked for: node lab/fuzz/dht.ts [COUNT] [FIRST_SEED]

import { mutateDatagram } from '../../packages/dht/test/mutations.ts';
import { fuzz } from './fuzz.ts';

fuzz('dht', mutateDatagram);
