// `npm start`: installs what is missing, then runs the shoal command; without a verb that is `shoal up`.

import { bootstrap } from './bootstrap.js';

await bootstrap();
const args = process.argv.slice(2);
const isVerb = args[0] !== undefined && !args[0].startsWith('-');
const isAboutTheCommand = ['--help', '-h', '--version', '-V'].includes(args[0]);
process.argv = [process.execPath, 'shoal', ...(isVerb || isAboutTheCommand ? args : ['up', ...args])];
await import('../packages/cli/bin/shoal.js');
