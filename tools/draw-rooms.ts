// Draws docs/rooms.svg from what is in packages/: `npm run draw`. Rooms stand on floors in the order of tools/rooms.ts,
// each with its own description. A test compares the picture with the tree.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rowOf } from './rooms.ts';

interface Floor {
  readonly name: string;
  readonly about: string;
  readonly rooms: readonly string[];
}

/** From the top of the house to its ground. */
const floors: readonly Floor[] = [
  { name: 'Faces', about: 'what people meet', rooms: ['cli', 'web'] },
  { name: 'Together', about: 'knows all rooms below', rooms: ['index', 'experiments', 'api', 'node'] },
  { name: 'Services', about: 'each stands alone', rooms: ['keep', 'talk', 'work', 'play', 'mine'] },
  { name: 'Engine', about: 'moves pieces', rooms: ['swarm', 'overlay'] },
  { name: 'Who has it?', about: 'finds peers', rooms: ['dht', 'tracker', 'lan', 'directory', 'discovery'] },
  { name: 'Disk and network', about: 'I/O through the World', rooms: ['storage', 'transport'] },
  { name: 'Formats and keys', about: 'codecs do no I/O', rooms: ['identity', 'metainfo', 'wire'] },
  { name: 'World', about: 'what a machine offers', rooms: ['base', 'sim'] },
];

const [width, left, right, top] = [1040, 190, 60, 24];
const groundHeight = 40;
const [floorGap, boxGap, lineHeight] = [12, 12, 15];

const style = `
  svg { font-family: system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; }
  .sky { fill: #ffffff; } .floor { fill: #eef3f7; } .ground { fill: #e2e8ee; }
  .room { fill: #ffffff; stroke: #5b7f95; stroke-width: 1.2; }
  .name { font: 600 15px ui-monospace, 'DejaVu Sans Mono', Menlo, monospace; fill: #12435e; }
  .about { font-size: 11.5px; fill: #44545f; } .title { font-size: 14px; font-weight: 600; fill: #1d2b33; }
  .arrow { stroke: #c2672b; stroke-width: 2; fill: none; } .tip { fill: #c2672b; }
  .rule { font-size: 12px; fill: #a4521d; }
  @media (prefers-color-scheme: dark) {
    .sky { fill: #0f161b; } .floor { fill: #18232b; } .ground { fill: #202e38; }
    .room { fill: #0f161b; stroke: #6f9bb5; } .name { fill: #a9d5ee; } .about { fill: #a9b7c0; }
    .title { fill: #e4ecf1; } .rule { fill: #eda06f; }
  }`;

export function drawRooms(root: string): string {
  const built = floors
    .map((floor) => ({ ...floor, rooms: floor.rooms.filter((room) => isBuilt(root, room)).sort(byRow) }))
    .filter(({ rooms }) => rooms.length > 0);
  const parts: string[] = [];
  let y = top;
  for (const floor of built) {
    const drawn = drawFloor(root, floor, y);
    parts.push(drawn.svg);
    y += drawn.height + floorGap;
  }
  parts.push(drawGround(y));
  parts.push(drawArrow(top, y - floorGap));
  const height = y + groundHeight + top;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="The rooms of Shoal, floor by floor">`,
    `<style>${style}\n</style>`,
    `<rect class="sky" width="${width}" height="${height}"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function isBuilt(root: string, room: string): boolean {
  return existsSync(join(root, 'packages', room, 'package.json'));
}

function byRow(a: string, b: string): number {
  return (rowOf(a) ?? 0) - (rowOf(b) ?? 0);
}

function drawFloor(root: string, floor: Floor, y: number): { svg: string; height: number } {
  const space = width - left - right - boxGap;
  const boxWidth = (space - (floor.rooms.length - 1) * boxGap) / floor.rooms.length;
  const about = linesOf(floor.about, left - 40);
  const rooms = floor.rooms.map((room, at) => ({
    room,
    x: left + at * (boxWidth + boxGap),
    lines: linesOf(descriptionOf(root, room), boxWidth - 24),
  }));
  const boxHeight = 36 + lineHeight * Math.max(about.length, ...rooms.map(({ lines }) => lines.length));
  const height = boxHeight + 2 * boxGap;
  const svg = [
    `<rect class="floor" x="16" y="${y}" width="${width - 16 - right}" height="${height}" rx="8"/>`,
    ...texts(32, y + boxGap, 'title', floor.name, about),
    ...rooms.flatMap(({ room, x, lines }) => [
      `<rect class="room" x="${x.toFixed(1)}" y="${y + boxGap}" width="${boxWidth.toFixed(1)}" height="${boxHeight}" rx="6"/>`,
      ...texts(x + 12, y + boxGap, 'name', room, lines),
    ]),
  ];
  return { svg: svg.join('\n'), height };
}

function texts(x: number, y: number, kind: string, name: string, lines: readonly string[]): string[] {
  return [
    text(kind, x, y + 22, name),
    ...lines.map((line, at) => text('about', x, y + 41 + at * lineHeight, line)),
  ];
}

function drawGround(y: number): string {
  const what =
    'The platform: sockets, files, threads, clocks and chance of Node 26. Only @shoal/base/node, node and cli touch it; sim makes its own from a seed.';
  return [
    `<rect class="ground" x="16" y="${y}" width="${width - 16 - right}" height="${groundHeight}" rx="8"/>`,
    text('about', 32, y + 24, what),
  ].join('\n');
}

function drawArrow(from: number, to: number): string {
  const [x, middle] = [width - 34, (from + to) / 2];
  return [
    `<path class="arrow" d="M${x} ${from + 6} V${to - 10}"/>`,
    `<path class="tip" d="M${x - 6} ${to - 12} h12 l-6 12 z"/>`,
    `<text class="rule" transform="translate(${x + 16} ${middle}) rotate(90)" text-anchor="middle">imports point down</text>`,
  ].join('\n');
}

function descriptionOf(root: string, room: string): string {
  const json: unknown = JSON.parse(readFileSync(join(root, 'packages', room, 'package.json'), 'utf8'));
  if (typeof json !== 'object' || json === null || !('description' in json)) return '';
  return typeof json.description === 'string' ? json.description : '';
}

/** Lines of at most `space` pixels, as far as the average letter tells. */
function linesOf(words: string, space: number): string[] {
  const longest = Math.floor(space / 6.2);
  const lines: string[] = [''];
  for (const word of words.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > longest) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

function text(kind: string, x: number, y: number, words: string): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text class="${kind}" x="${x.toFixed(1)}" y="${y}">${escaped}</text>`;
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  writeFileSync(join(root, 'docs/rooms.svg'), drawRooms(root));
}
