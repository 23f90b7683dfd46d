// Serves a folder over HTTP: the client-server way. Others read it with a browser, curl or `shoal get`.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseRate } from '@shoal/node/config';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import type { Context, Verb } from '../verb.ts';

const serve: Verb = (command, context) => {
  command.usage('<DIR> [FLAGS] | user add|remove NAME --users FILE').helpCommand(false);
  command
    .argument('<DIR>', 'the folder whose files are served; names that begin with a dot are not')
    .option('--address <ADDRESS>', 'where to listen; 0.0.0.0 is every network', '127.0.0.1')
    .addOption(flags.port)
    .option('--users <FILE>', 'who may do what; `shoal serve user add NAME --users FILE` writes it')
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
  addUserCommands(command, context);
};

function addUserCommands(command: Parameters<Verb>[0], context: Context): void {
  const user = command.command('user').description('say who may read and write').helpCommand(false);
  const fileOf = (): string => {
    const { users }: { users?: string } = command.opts();
    if (users === undefined) throw new CliError('usage', 'Say which file of users it is: --users FILE.');
    return users;
  };
  user
    .command('add')
    .description('let somebody in, or change the right and the password, with --users FILE')
    .argument('<NAME>', 'one word')
    .option('--read', 'who may fetch files and nothing else (this is so unless told)')
    .option('--write', 'who may put files there, too')
    .option(
      '--password-stdin',
      'the password is the first line of the input; otherwise one is made and shown',
    )
    .action(async (name, { read, write, passwordStdin }) => {
      const path = fileOf();
      if (read === true && write === true) throw new CliError('usage', 'It is --read or --write.');
      const right = write === true ? 'write' : 'read';
      const { addUser } = await import('@shoal/node/serve');
      const made = passwordStdin === true ? undefined : randomBytes(15).toString('base64url');
      await addUser(path, { name, right, password: made ?? (await firstLineOfInput()) });
      const shown = made === undefined ? '' : ` The password is ${made}`;
      const result = { name, right, ...(made !== undefined && { password: made }) };
      context.output.result(
        result,
        `${name} may ${right}. A server that runs hears of it when it starts again.${shown}`,
      );
    });
  user
    .command('remove')
    .description('let somebody in no more, with --users FILE')
    .argument('<NAME>', 'as it was added')
    .action(async (name) => {
      const { removeUser } = await import('@shoal/node/serve');
      await removeUser(fileOf(), name);
      context.output.result({ removed: name }, `${name} is let in no more, when the server starts again.`);
    });
}

async function firstLineOfInput(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) return line;
  throw new CliError('usage', 'There was no password on the input.');
}

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
