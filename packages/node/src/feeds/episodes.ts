// Which season and episode a title speaks of, and of what.

export interface Episode {
  /** The show, in small letters with one space between words. */
  readonly show: string;
  readonly season: number;
  /** The first and the last of it; undefined for a whole season. */
  readonly episodes: readonly [first: number, last: number] | undefined;
  /** A later release that repairs one before it. */
  readonly isRepair: boolean;
}

const forms: readonly RegExp[] = [
  /\bs(\d{1,4})[\s._-]*e(\d{1,4})(?:[\s._-]*(?:e|-\s*e?)(\d{1,4}))?\b/i,
  /\b(\d{1,2})x(\d{2,4})(?:[\s._-]*-[\s._-]*(?:\d{1,2}x)?(\d{2,4}))?\b/i,
  /\bseason[\s._-]*(\d{1,4})[\s._,-]*episode[\s._-]*(\d{1,4})\b/i,
];
const wholeSeason = /\b(?:s|season[\s._-]*)(\d{1,4})\b(?![\s._-]*(?:e\d|x\d))/i;
/** Daily shows: the year is the season, month and day the episode. */
const daily = /\b((?:19|20)\d\d)[\s._-](0[1-9]|1[0-2])[\s._-](0[1-9]|[12]\d|3[01])\b/;

/** Undefined for a title that speaks of none. */
export function episodeOf(title: string): Episode | undefined {
  const isRepair = /\b(?:proper|repack|rerip|real)\b/i.test(title);
  for (const form of forms) {
    const found = form.exec(title);
    if (found === null) continue;
    const [first, last] = [Number(found[2]), Number(found[3] ?? found[2])];
    return {
      show: plainWords(title.slice(0, found.index)),
      season: Number(found[1]),
      episodes: [first, Math.max(first, last)],
      isRepair,
    };
  }
  const day = daily.exec(title);
  if (day !== null) {
    const number = 100 * Number(day[2]) + Number(day[3]);
    return {
      show: plainWords(title.slice(0, day.index)),
      season: Number(day[1]),
      episodes: [number, number],
      isRepair,
    };
  }
  const season = wholeSeason.exec(title);
  if (season === null) return undefined;
  return {
    show: plainWords(title.slice(0, season.index)),
    season: Number(season[1]),
    episodes: undefined,
    isRepair,
  };
}

/** Small letters, and one space where anything else but letters and digits stood. */
export function plainWords(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
