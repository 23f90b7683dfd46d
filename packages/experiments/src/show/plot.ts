// Small multiples as SVG: panels side by side that share an axis from left to right and a legend. Readable on light
// and dark pages; a series is told apart by its mark as well as by its colour.

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
  /** Where the axis begins and ends, unless the values need more. Default: from 0. */
  readonly from?: number;
  readonly to?: number;
  /** For values over several orders of magnitude. */
  readonly isLogarithmic?: boolean;
  readonly label: (value: number) => string;
}

export interface Plot {
  readonly title: string;
  /** What goes from left to right, by orders of magnitude unless `isLinear` says otherwise. */
  readonly across: string;
  readonly isLinear?: boolean;
  readonly ticks: readonly number[];
  readonly panels: readonly Panel[];
}

const columns = 2;
const [panelWidth, panelHeight, gap] = [420, 220, 56];
const [left, right, top, bottom] = [64, 40, 92, 44];
const marks = 8;

const light = ['#0072b2', '#d55e00', '#009e73', '#7b4fa3', '#a6761d', '#c2185b', '#4d5b66', '#1b9e9e'];
const dark = ['#56b4e9', '#ff9a4d', '#3fd4a4', '#c7a3e8', '#e6c34a', '#ff85b3', '#b4c0c9', '#5fdada'];

const style = `
  svg { font-family: system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; }
  .page { fill: #ffffff; } .grid { stroke: #dfe6eb; } .axis { stroke: #6b7a85; }
  .title { font-size: 17px; font-weight: 600; fill: #1d2b33; } .panel { font-size: 13.5px; font-weight: 600; fill: #1d2b33; }
  .tick, .name { font-size: 11.5px; fill: #44545f; } .line { fill: none; stroke-width: 2; }
${light.map((colour, at) => `  .l${at} { stroke: ${colour}; } .m${at} { fill: ${colour}; }`).join('\n')}
  @media (prefers-color-scheme: dark) {
    .page { fill: #0f161b; } .grid { stroke: #25323b; } .axis { stroke: #8797a2; }
    .title, .panel { fill: #e4ecf1; } .tick, .name { fill: #a9b7c0; }
${dark.map((colour, at) => `    .l${at} { stroke: ${colour}; } .m${at} { fill: ${colour}; }`).join('\n')}
  }`;

export function drawPlot(plot: Plot): string {
  const names = [...new Set(plot.panels.flatMap(({ series }) => series.map(({ name }) => name)))];
  const rows = Math.ceil(plot.panels.length / columns);
  const width = left + columns * panelWidth + (columns - 1) * gap + right;
  const height = top + rows * (panelHeight + bottom + gap / 2);
  const panels = plot.panels.flatMap((panel, at) => {
    const x = left + (at % columns) * (panelWidth + gap);
    const y = top + Math.floor(at / columns) * (panelHeight + bottom + gap / 2);
    return drawPanel(plot, panel, names, x, y);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(plot.title)}">`,
    `<style>${style}\n</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    text('title', left, 30, plot.title),
    ...drawLegend(names),
    ...panels,
    '</svg>\n',
  ].join('\n');
}

function drawLegend(names: readonly string[]): string[] {
  let x = left;
  return names.flatMap((name, at) => {
    const here = x;
    x += 40 + name.length * 6.4;
    return [
      `<path class="line l${at % marks}" d="M${here.toFixed(1)} 52 h22"/>`,
      drawMark(at, here + 11, 52),
      text('name', here + 28, 56, name),
    ];
  });
}

function drawPanel(plot: Plot, panel: Panel, names: readonly string[], x: number, y: number): string[] {
  const toX = (plot.isLinear === true ? linear : logarithmic)(plot.ticks, x, x + panelWidth);
  const values = panel.series.flatMap(({ points }) => points.map((point) => point.y));
  const steps = panel.isLogarithmic === true ? decades(values) : evenSteps(panel, values);
  const toY =
    panel.isLogarithmic === true ? logarithmic(steps, y + panelHeight, y) : linear(steps, y + panelHeight, y);
  return [
    text('panel', x, y - 10, panel.title),
    ...steps.flatMap((step) => [
      `<path class="grid" d="M${x} ${toY(step).toFixed(1)} h${panelWidth}"/>`,
      text('tick', x - 8, toY(step) + 4, panel.label(step), 'end'),
    ]),
    ...plot.ticks.map((tick) => text('tick', toX(tick), y + panelHeight + 18, countText(tick), 'middle')),
    text('tick', x + panelWidth / 2, y + panelHeight + 35, plot.across, 'middle'),
    `<path class="axis" d="M${x} ${y + panelHeight} h${panelWidth}"/>`,
    ...panel.series.flatMap((series) => drawSeries(series, names.indexOf(series.name), toX, toY)),
  ];
}

type Scale = (value: number) => number;

function drawSeries({ points }: Series, at: number, toX: Scale, toY: Scale): string[] {
  const places = points.map((point) => [toX(point.x), toY(point.y)] as const);
  const path = places.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join(' L');
  return [
    ...(places.length > 1 ? [`<path class="line l${at % marks}" d="M${path}"/>`] : []),
    ...places.map(([x, y]) => drawMark(at, x, y)),
  ];
}

function drawMark(at: number, x: number, y: number): string {
  const [a, b] = [x.toFixed(1), y.toFixed(1)];
  const kind = `class="m${at % marks}"`;
  switch (at % 4) {
    case 0:
      return `<circle ${kind} cx="${a}" cy="${b}" r="4.5"/>`;
    case 1:
      return `<path ${kind} d="M${a} ${b} m-4 -4 h8 v8 h-8 z"/>`;
    case 2:
      return `<path ${kind} d="M${a} ${b} m0 -5.5 l5 9 h-10 z"/>`;
    default:
      return `<path ${kind} d="M${a} ${b} m0 -5.5 l5.5 5.5 l-5.5 5.5 l-5.5 -5.5 z"/>`;
  }
}

function logarithmic(steps: readonly number[], start: number, end: number): Scale {
  const [from, to] = [Math.log(Math.min(...steps)), Math.log(Math.max(...steps))];
  return (value) => start + ((end - start) * (Math.log(value) - from)) / (to - from || 1);
}

function linear(steps: readonly number[], start: number, end: number): Scale {
  const [from, to] = [Math.min(...steps), Math.max(...steps)];
  return (value) => start + ((end - start) * (value - from)) / (to - from || 1);
}

function decades(values: readonly number[]): number[] {
  const exponents = values.filter((value) => value > 0).map((value) => Math.log10(value));
  const [from, to] = [Math.floor(Math.min(0, ...exponents)), Math.ceil(Math.max(1, ...exponents))];
  return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
}

/** Four to eight of them, at round numbers. */
function evenSteps({ from = 0, to = 0 }: Panel, values: readonly number[]): number[] {
  const [low, high] = [Math.min(from, ...values), Math.max(to, ...values)];
  const rough = (high - low || 1) / 5;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * magnitude).find((one) => one >= rough) ?? rough;
  const first = Math.floor(low / step + 1e-9);
  const count = Math.ceil(high / step - 1e-9) - first;
  return Array.from({ length: count + 1 }, (_, i) => (first + i) * step);
}

export function countText(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

function text(kind: string, x: number, y: number, words: string, anchor = 'start'): string {
  const place = `x="${x.toFixed(1)}" y="${y.toFixed(1)}"`;
  return `<text class="${kind}" ${place} text-anchor="${anchor}">${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
