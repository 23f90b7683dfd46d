// Mutated resume files, as many as asked for: node lab/fuzz/resume.ts [COUNT] [FIRST_SEED]

import { fuzz } from './fuzz.ts';
import { mutateResume } from './resume-mutations.ts';

fuzz('resume', mutateResume);
