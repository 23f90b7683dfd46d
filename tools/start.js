// `npm start`: installs what is missing, builds the pages where they are missing or old, then runs the shoal command;
// without a verb that is `shoal up`.

import { bootstrap } from './bootstrap.js';
import { buildPages } from './pages.js';

const node = await bootstrap();
const args = process.argv.slice(2);
const isVerb = args[0] !== undefined && !args[0].startsWith('-');
const isAboutTheCommand = ['--help', '-h', '--version', '-V'].includes(args[0]);
const isUp = !isAboutTheCommand && (!isVerb || args[0] === 'up');
if (isUp && !args.includes('--help') && !args.includes('-h')) await buildPages(node);
process.argv = [process.execPath, 'shoal', ...(isVerb || isAboutTheCommand ? args : ['up', ...args])];
await import('../packages/cli/bin/shoal.js');
