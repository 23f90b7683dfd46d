// The flags that mean the same everywhere, each said once. A verb takes those it needs with `addOption`.
// `--json` and `-v` are given to every verb by the program.

import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { configSchema } from '@shoal/node/config';

const { data, downloads, api, network, bind } = configSchema.properties;
const { 'port-mapping': mapping, 'filter.lists': filter } = configSchema.properties;
const { 'api-unencrypted': unencrypted } = configSchema.properties;
const { 'limits.down': down, 'limits.up': up, 'limits.lan': lan } = configSchema.properties;

export const flags = {
  data: new Option(data.flag, data.description),
  downloads: new Option(downloads.flag, downloads.description),
  apiUnencrypted: new Option(unencrypted.flag, 'let the API listen to more than this machine without TLS'),
  config: new Option('--config <FILE>', 'the config file, instead of the one at the usual place'),
  api: new Option(api.flag, api.description),
  network: new Option(network.flag, `${network.description} (${network.expects})`),
  downLimit: new Option(down.flag, `${down.description} (${down.expects})`),
  upLimit: new Option(up.flag, `${up.description} (${up.expects})`),
  limitLan: new Option(lan.flag, 'let the limits hold for peers of the local network too'),
  bind: new Option(bind.flag, `${bind.description} (${bind.expects})`),
  portMapping: new Option(mapping.flag, `${mapping.description} (${mapping.expects})`),
  filter: new Option(filter.flag, `${filter.description} (${filter.expects})`),
  port: new Option('--port <N>', 'the port for peers; 0 picks a free one').argParser(parsePort),
  encryption: new Option('--encryption <POLICY>', 'how connections to peers are encrypted').choices([
    'prefer-plain',
    'prefer-encrypted',
    'require',
  ] as const),
  peer: new Option('--peer <HOST:PORT>', 'a peer to ask; may be given several times').argParser(collect),
  tracker: new Option(
    '--tracker <URL>',
    'a tracker to ask and to tell; may be given several times',
  ).argParser(collectTracker),
  index: new Option(
    '--index <URL>',
    'an index to register with and to ask; may be given several times',
  ).argParser(collectIndex),
  noLan: new Option('--no-lan', 'neither ask nor tell the local network'),
  dhtBootstrap: new Option(
    '--dht-bootstrap <HOST:PORT>',
    'a DHT node that leads in; may be given several times',
  ).argParser(collect),
};

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535)
    throw new InvalidArgumentError('It is a number from 0 to 65535.');
  return port;
}

function collectTracker(text: string, before: string[] | undefined): string[] {
  if (!/^(https?|udp):$/.test(URL.parse(text)?.protocol ?? ''))
    throw new InvalidArgumentError('It begins with http://, https:// or udp://.');
  return collect(text, before);
}

function collectIndex(text: string, before: string[] | undefined): string[] {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? ''))
    throw new InvalidArgumentError('It begins with http:// or https://.');
  return collect(text, before);
}

function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}
