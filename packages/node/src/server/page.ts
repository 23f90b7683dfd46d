// The page of a node: what it is and what it does, as one file without scripts.

import { createHash } from 'node:crypto';

export interface PageFacts {
  readonly id: string;
  readonly version: string;
  readonly network: string;
  readonly data: string;
  readonly uptimeSeconds: number;
}

const style = `
:root { color-scheme: light dark; --ink: #14232b; --quiet: #5a6d76; --paper: #f6f8f7; --card: #fff; --line: #dde5e3; --sea: #0b7a75; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6efed; --quiet: #93a7a8; --paper: #0e1719; --card: #152124; --line: #26373a; --sea: #4fc3b8; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 42rem; margin: 0 auto; padding: clamp(2rem, 8vh, 6rem) 1.25rem 3rem; }
header { display: flex; align-items: center; gap: .9rem; }
header svg { width: 3.2rem; height: 3.2rem; color: var(--sea); flex: none; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.15; letter-spacing: -.02em; }
header p { margin: .15rem 0 0; color: var(--quiet); }
.dot { display: inline-block; width: .6em; height: .6em; margin-right: .3em; border-radius: 50%; background: #2fa84f; }
dl { display: grid; grid-template-columns: max-content 1fr; margin: 2rem 0; padding: .4rem 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: .8rem; }
dt, dd { margin: 0; padding: .7rem 0; border-top: 1px solid var(--line); }
dt { padding-right: 1.5rem; color: var(--quiet); }
dt:first-of-type, dd:first-of-type { border-top: 0; }
code { font: .88em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
footer { color: var(--quiet); font-size: .95rem; }
a { color: var(--sea); }
`;

/** Everything is refused but our own style: the page needs nothing else, and shows text that others may have chosen. */
export const pageSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function renderPage(facts: PageFacts): string {
  const rows = [
    ['Node', `<code>${escapeHtml(facts.id)}</code>`],
    ['Version', escapeHtml(facts.version)],
    ['Network mode', escapeHtml(facts.network)],
    ['Running for', duration(facts.uptimeSeconds)],
    ['Data folder', `<code>${escapeHtml(facts.data)}</code>`],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Shoal</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<svg viewBox="0 0 48 48" fill="currentColor" aria-hidden="true"><path id="fish" d="M4 15c5-6 13-6 18 0l4-4v8l-4-4c-5 6-13 6-18 0z"/><use href="#fish" x="17" y="9"/><use href="#fish" x="2" y="19"/></svg>
<div>
<h1>Shoal</h1>
<p><span class="dot"></span>This node is running.</p>
</div>
</header>
<dl>
${rows.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join('\n')}
</dl>
<footer>Stop it with Ctrl-C where it was started. Programs ask how it is at <a href="/health">/health</a>.</footer>
</main>
</body>
</html>
`;
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return 'less than a minute';
  const parts: [number, string][] = [
    [Math.floor(minutes / 1440), 'day'],
    [Math.floor(minutes / 60) % 24, 'hour'],
    [minutes % 60, 'minute'],
  ];
  return parts
    .filter(([count]) => count > 0)
    .slice(0, 2)
    .map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`)
    .join(' ');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
