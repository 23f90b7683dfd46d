// How a peer can be reached. More kinds come with the transports that dial them.

import type { Endpoint } from './world/address.ts';

export type PeerAddress = { readonly kind: 'ip' } & Endpoint;
