// `node tools/run.js SCRIPT ARGS…`: installs what is missing, then runs SCRIPT under the pinned Node.

import { runInstead } from '../packages/cli/bin/launch.js';
import { bootstrap } from './bootstrap.js';

await runInstead(await bootstrap(), process.argv.slice(2));
