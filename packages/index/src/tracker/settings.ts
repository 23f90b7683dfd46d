// How a tracker behaves, and the sentences in which it refuses: stable, for clients show them to people.

export interface TrackerSettings {
  /** How often peers are asked to come back, less up to an eighth, so that they do not all come at once. */
  readonly intervalSeconds: number;
  readonly minIntervalSeconds: number;
  /** Of each family. */
  readonly mostPeers: number;
  readonly mostSwarms: number;
  /** No limits for one address. */
  readonly isUnlimited: boolean;
}

export const defaultSettings: TrackerSettings = {
  intervalSeconds: 30 * 60,
  minIntervalSeconds: 60,
  mostPeers: 4_000_000,
  mostSwarms: 1_000_000,
  isUnlimited: false,
};

/** The one about connections goes to addresses that proved nothing yet: with its head it is shorter than any request. */
export const refusals = {
  tooMany: 'too many requests from this address',
  full: 'this tracker is full',
  badPort: 'port must be a number from 1 to 65535',
  notListed: 'this tracker does not serve this info_hash',
  blocked: 'this info_hash is blocked here',
  noKey: 'this tracker needs an announce key in its URL',
  unknownKey: 'this announce key is not known',
  ratio: 'the ratio of this key is too low to download',
  badConnection: 'connection id expired',
  tooManyHashes: 'too many info_hash in one scrape',
} as const;

export type Refusal = (typeof refusals)[keyof typeof refusals];
