// UPnP Internet Gateway Devices, versions 1 and 2: described in XML, called by SOAP over HTTP.

import type { Clock, Datagrams, Http, Random } from '@shoal/base';
import { ipToBytes } from '@shoal/base';
import * as bound from './bounds.ts';
import type { MapAnswer, MapRequest } from './pcp-codec.ts';
import { searchDevices } from './search.ts';
import { type Inside, type Way, within } from './way.ts';
import { escapeXml, partsOf, textIn } from './xml.ts';

export interface UpnpParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly datagrams: Datagrams;
  readonly http: Http;
}

/** The best first. */
const services = ['WANIPConnection:2', 'WANIPConnection:1', 'WANPPPConnection:1'].map(
  (name) => `urn:schemas-upnp-org:service:${name}`,
);

/** Of WANIPConnection, and what routers really say. */
const [onlyPermanent, inUse, conflictWithOther] = ['725', '718', '727'];

class CallError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Rejects with an Error that says why in words. */
export async function findUpnpWay(parts: UpnpParts, inside: Inside): Promise<Way> {
  const locations = await searchDevices(parts, inside);
  if (locations.length === 0) throw new Error('nobody on this network calls itself a router');
  let why: unknown;
  for (const location of locations) {
    try {
      return await openDevice(parts, inside, location);
    } catch (error) {
      why ??= error;
    }
  }
  throw why;
}

async function openDevice(parts: UpnpParts, { own }: Inside, location: string): Promise<Way> {
  const description = await get(parts, { url: location }, bound.longestDescription);
  if (description.status !== 200) throw new Error(`its description is not there (${description.status})`);
  const offered = partsOf(description.text, 'service').map((part) => ({
    type: textIn(part, 'serviceType') ?? '',
    control: URL.parse(textIn(part, 'controlURL') ?? '', textIn(description.text, 'URLBase') || location),
  }));
  const host = new URL(location).hostname;
  const service = services
    .map((wanted) => offered.find(({ type, control }) => type === wanted && control?.hostname === host))
    .find((found) => found !== undefined);
  if (service?.control == null) throw new Error('it is a router that maps no ports');
  const { type, control } = service;

  async function call(action: string, words: Readonly<Record<string, string | number>>): Promise<string> {
    const inner = Object.entries(words).map(([name, value]) => `<${name}>${escapeXml(`${value}`)}</${name}>`);
    const body = `<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body><u:${action} xmlns:u="${type}">${inner.join('')}</u:${action}></s:Body></s:Envelope>\r\n`;
    const request = {
      url: control?.href ?? '',
      method: 'POST',
      headers: { 'content-type': 'text/xml; charset="utf-8"', soapaction: `"${type}#${action}"` },
      body: new TextEncoder().encode(body),
    };
    const { status, text } = await get(parts, request, bound.longestAnswer);
    if (status === 200) return text;
    const code = textIn(text, 'errorCode') ?? '';
    throw new CallError(code, `${textIn(text, 'errorDescription') || 'it refuses'} (${code || status})`);
  }

  async function mapOnce(request: MapRequest): Promise<MapAnswer> {
    const words = {
      NewRemoteHost: '',
      NewExternalPort: request.externalPort,
      NewProtocol: request.protocol.toUpperCase(),
      NewInternalPort: request.internalPort,
      NewInternalClient: own,
      NewEnabled: 1,
      NewPortMappingDescription: 'Shoal',
      NewLeaseDuration: request.lifetimeSeconds,
    };
    try {
      await call('AddPortMapping', words);
    } catch (error) {
      if (!(error instanceof CallError) || error.code !== onlyPermanent) throw error;
      // Routers of version 1 that forget nothing: it is taken back when we stop, and renewed like others.
      await call('AddPortMapping', { ...words, NewLeaseDuration: 0 });
    }
    return request;
  }

  return {
    name: 'upnp',
    router: host,
    async map(request) {
      if (request.lifetimeSeconds === 0) {
        const { externalPort: NewExternalPort, protocol } = request;
        const NewProtocol = protocol.toUpperCase();
        await call('DeletePortMapping', { NewRemoteHost: '', NewExternalPort, NewProtocol });
        return request;
      }
      let { externalPort } = request;
      for (let tries = 1; ; tries++) {
        try {
          return await mapOnce({ ...request, externalPort });
        } catch (error) {
          const isTaken = error instanceof CallError && [inUse, conflictWithOther].includes(error.code);
          if (!isTaken || tries === bound.mostPortsTried) throw error;
          externalPort = 10_000 + parts.random.below(50_000);
        }
      }
    },
    async externalAddress() {
      const address = textIn(await call('GetExternalIPAddress', {}), 'NewExternalIPAddress') ?? '';
      return ipToBytes(address) === undefined ? undefined : address;
    },
  };
}

/** One exchange with a device, whose answer is read to a bound. */
function get(
  { clock, http }: UpnpParts,
  request: Pick<Parameters<Http['request']>[0], 'url' | 'method' | 'headers' | 'body'>,
  longest: number,
): Promise<{ status: number; text: string }> {
  return within(clock, bound.upnpTimeoutMs, async (signal) => {
    const response = await http.request({ ...request, keepAlive: false, signal });
    const chunks: Uint8Array[] = [];
    let length = 0;
    return new Promise((resolve, reject) => {
      response.read({
        data(bytes) {
          length += bytes.length;
          if (length > longest) {
            reject(new Error('it answers without an end'));
            response.destroy();
          } else chunks.push(bytes.slice());
        },
        close(error) {
          if (error !== undefined) reject(error);
          else resolve({ status: response.status, text: Buffer.concat(chunks).toString('utf8') });
        },
      });
    });
  });
}
