// More of them: node lab/fuzz/swarm.ts --seeds 20000

import { simTest } from '@shoal/sim/testing';
import { ordeal } from './ordeal.ts';

simTest('whatever befalls a swarm, honest peers end with the right bytes', { seeds: 60 }, ordeal);
