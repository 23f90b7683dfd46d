// Serves a folder over HTTP: the client-server way. Others read it with a browser, curl or `shoal get`.

import { readFile } from 'node:fs/promises';
import { parseRate } from '@shoal/node/config';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import type { Verb } from '../verb.ts';

const serve: Verb = (command, context) => {
  command
    .argument('<DIR>', 'the folder whose files are served; names that begin with a dot are not')
    .option('--address <ADDRESS>', 'where to listen; 0.0.0.0 is every network', '127.0.0.1')
    .addOption(flags.port)
    .option('--users <FILE>', 'who may do what: a line each with a name, read or write, and a password')
    .option('--tls-certificate <FILE>', 'serve over HTTPS, with this certificate (PEM)')
    .option('--tls-key <FILE>', 'its key (PEM)')
    .addOption(flags.upLimit)
    .action(async (folder, options) => {
      const { output, signal } = context;
      const upBytesPerSecond = parseRate(options.upLimit ?? 'none');
      if (upBytesPerSecond === 0)
        throw new CliError('usage', 'With a limit of 0 nothing would be sent; no limit is none.');
      const { users, tlsCertificate, tlsKey, address, port = 8080 } = options;
      if ((tlsCertificate === undefined) !== (tlsKey === undefined))
        throw new CliError('usage', 'A certificate and its key are given together.');
      const { readUsers, serveFolder } = await import('@shoal/node/serve');
      const isOpen = tlsKey === undefined && !/^(?:127\.|::1$|localhost$)/.test(address);
      if (users !== undefined && isOpen)
        output.note(
          'warning: passwords go over the network as they are: give --tls-certificate and --tls-key.',
        );
      const server = await serveFolder({
        folder,
        address,
        port,
        ...(upBytesPerSecond !== undefined && { upBytesPerSecond }),
        ...(users !== undefined && { users: readUsers(await text(users), users) }),
        ...(tlsCertificate !== undefined &&
          tlsKey !== undefined && {
            tls: { certificate: await text(tlsCertificate), key: await text(tlsKey) },
          }),
        ...(output.verbose && {
          answered: ({ from, method, path, status }) => output.note(`${from} ${method} ${path} ${status}`),
        }),
      });
      output.result(
        { event: 'ready', url: server.url, port: server.port },
        `Serving ${folder} at ${server.url}`,
      );
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await server.close();
    });
};

export default serve;

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CliError(
      'not-found',
      `${path} cannot be read: ${cause instanceof Error ? cause.message : cause}.`,
      {
        cause,
      },
    );
  }
}
