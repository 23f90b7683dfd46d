// The pages of a node begin here. Nothing of Node is used, so that an engine could run beside them in the page.

import './style.css';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { follow } from './node/live.ts';
import { openSessionFromLink } from './node/session.ts';
import { followColours } from './preferences.ts';

followColours();
const root = document.getElementById('root');
if (root !== null) createRoot(root).render(<App />);
await openSessionFromLink();
follow();
