// Newznab's numbers of categories, and which of ours they mean. Movies and series are told apart by what their titles say
// of the picture, as automation tools ask for them by it.

import type { Category } from '@shoal/directory';

interface Numbered {
  readonly id: number;
  readonly name: string;
  readonly means: readonly Category[];
  readonly below?: readonly {
    readonly id: number;
    readonly name: string;
    readonly means: readonly Category[];
  }[];
}

function pictures(id: number, means: readonly Category[]) {
  return [
    { id: id + 30, name: 'SD', means },
    { id: id + 40, name: 'HD', means },
    { id: id + 45, name: 'UHD', means },
  ];
}

export const numbered: readonly Numbered[] = [
  { id: 1000, name: 'Console', means: ['games'] },
  { id: 2000, name: 'Movies', means: ['movies'], below: pictures(2000, ['movies']) },
  { id: 3000, name: 'Audio', means: ['audio'] },
  {
    id: 4000,
    name: 'PC',
    means: ['software', 'games'],
    below: [
      { id: 4010, name: '0day', means: ['software'] },
      { id: 4020, name: 'ISO', means: ['software'] },
      { id: 4030, name: 'Mac', means: ['software'] },
      { id: 4040, name: 'Mobile-Other', means: ['software'] },
      { id: 4050, name: 'Games', means: ['games'] },
    ],
  },
  { id: 5000, name: 'TV', means: ['tv'], below: pictures(5000, ['tv']) },
  { id: 6000, name: 'XXX', means: ['adult'] },
  { id: 7000, name: 'Books', means: ['books'] },
  {
    id: 8000,
    name: 'Other',
    means: ['other', 'video', 'images', 'data'],
    below: [{ id: 8010, name: 'Misc', means: ['other', 'video', 'images', 'data'] }],
  },
];

const usual: Readonly<Record<Category, number>> = {
  movies: 2000,
  tv: 5000,
  video: 8010,
  audio: 3000,
  software: 4010,
  games: 4050,
  books: 7000,
  images: 8010,
  data: 8010,
  adult: 6000,
  other: 8010,
};

/** The number and those above it, the widest first. */
export function numbersOf(category: Category, title: string): number[] {
  const id = usual[category];
  const top = Math.floor(id / 1000) * 1000;
  if (category !== 'movies' && category !== 'tv') return id === top ? [top] : [top, id];
  return [top, top + pictureOf(title)];
}

function pictureOf(title: string): number {
  if (/\b(2160p|4k|uhd)\b/i.test(title)) return 45;
  return /\b(720|1080)[pi]\b|\b(hdtv|blu-?ray|bdrip|web-?(dl|rip))\b/i.test(title) ? 40 : 30;
}

/** What these numbers mean together; a number that is not known means what its thousand does. */
export function categoriesOf(numbers: readonly number[]): Category[] {
  const wanted = numbers.flatMap((id): readonly Category[] => {
    const top = numbered.find((one) => one.id === Math.floor(id / 1000) * 1000);
    return top?.below?.find((one) => one.id === id)?.means ?? top?.means ?? [];
  });
  return [...new Set(wanted)];
}
