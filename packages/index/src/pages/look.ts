// How the pages look: one style sheet and one icon, kept by browsers for a day. Light or dark as the system is; from a
// phone's width to any.

export const style = `
:root { color-scheme: light dark; --line: light-dark(#d8dde3, #333b44); --quiet: light-dark(#566270, #9aa7b4);
  --link: light-dark(#0a5c8f, #7cc4f2); --ground: light-dark(#ffffff, #14181c); --raised: light-dark(#f3f6f8, #1d2329);
  --seed: light-dark(#17692f, #7ad492); }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: var(--ground); overflow-wrap: anywhere; }
a { color: var(--link); }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, summary:focus-visible {
  outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99em; }
.skip:focus { left: 1rem; top: 1rem; background: var(--ground); padding: .5rem; }
header, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 1rem; }
header { display: flex; flex-wrap: wrap; gap: .75rem 1.25rem; align-items: center; padding-top: 1rem; padding-bottom: 1rem; }
header > a { font-weight: 700; font-size: 1.2rem; text-decoration: none; color: inherit; }
header form { display: flex; flex: 1 1 18rem; gap: .5rem; }
header input { flex: 1; min-width: 0; }
input, select, button, .button { font: inherit; min-height: 2.75rem; padding: .25rem .75rem; border: 1px solid var(--line);
  border-radius: .4rem; background: var(--raised); color: inherit; max-width: 100%; }
button, .button { cursor: pointer; display: inline-flex; align-items: center; text-decoration: none; font-weight: 600; }
nav ul, .tags { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0; margin: .5rem 0; }
nav a { display: inline-block; padding: .35rem 0; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 1rem 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.quiet, .of { color: var(--quiet); }
.rows { list-style: none; margin: 0; padding: 0; }
.rows li { border-top: 1px solid var(--line); padding: .6rem 0; overflow: clip; }
.rows h3 { font-size: 1rem; margin: 0; font-weight: 600; }
.rows p { margin: .1rem 0 0; }
.facts { display: flex; flex-wrap: wrap; gap: .1rem 1rem; font-variant-numeric: tabular-nums; color: var(--quiet); }
.seeds { color: var(--seed); font-weight: 600; }
.filters { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .75rem; margin: .75rem 0; }
.filters label { display: grid; gap: .15rem; }
.filters input, .filters select { width: 100%; }
details { margin: .5rem 0; } summary { cursor: pointer; padding: .35rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { color: var(--quiet); } dd { margin: 0; min-width: 0; }
code { font-size: .9em; background: var(--raised); padding: .1em .3em; border-radius: .2rem; }
.text { white-space: pre-wrap; overflow: clip; max-width: 45rem; }
.files { list-style: none; padding: 0; margin: 0; }
.files li { display: flex; gap: 1rem; justify-content: space-between; border-top: 1px solid var(--line); padding: .25rem 0; }
.files span { flex: none; color: var(--quiet); font-variant-numeric: tabular-nums; }
.do { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; padding: 0; }
.pages { display: flex; gap: 1rem; margin: 1rem 0; }
.warn { border-left: 4px solid light-dark(#b04a00, #ffad66); background: var(--raised); padding: .5rem 1rem; }
footer { margin-top: 3rem; padding-top: 1rem; padding-bottom: 2rem; border-top: 1px solid var(--line); color: var(--quiet); }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dt { margin-top: .35rem; } }
`;

export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#2a83b8" d="M2 16c5-8 13-9 19-4l6-5c1 0 1 1 1 2l-1 7 1 7c0 1 0 2-1 2l-6-5c-6 5-14 4-19-4z"/><circle cx="9" cy="14" r="1.6" fill="#fff"/></svg>`;
