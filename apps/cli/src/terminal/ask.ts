import { createInterface } from 'node:readline/promises';
import { CommandFailure, usage } from '../command-failure.js';
import { exitCodes } from '../exit-codes.js';

/** Input and output of the person at the keyboard. Questions go to stderr, so that stdout stays the result. */
export interface TerminalStreams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WritableStream;
}

/** Asks for one line; `option` is what a script gives instead, named when nobody is there to ask. */
export async function ask({ input, output }: TerminalStreams, question: string, option: string): Promise<string> {
  if (!input.isTTY) throw usage(`${option} is missing.`, 'There is no terminal to ask on: give it as an option.');
  const lines = createInterface({ input, output });
  const aborted = new AbortController();
  lines.once('SIGINT', () => aborted.abort());
  lines.once('close', () => aborted.abort());
  try {
    return (await lines.question(`${question}: `, { signal: aborted.signal })).trim();
  } catch {
    throw cancelled();
  } finally {
    lines.close();
  }
}

/** Asks for a secret without echo; without a terminal it is the first line of stdin. */
export function askSecret(streams: TerminalStreams, question: string): Promise<string> {
  return streams.input.isTTY ? readHidden(streams, question) : readFirstLine(streams.input);
}

const cancelled = () => new CommandFailure(exitCodes.failed, { code: 'FAILED', message: 'Cancelled.' });

const longestSecret = 4096;

async function readFirstLine(input: NodeJS.ReadStream): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.includes('\n') || text.length > longestSecret) break;
  }
  const [line = ''] = text.split(/\r?\n/, 1);
  if (line === '') throw usage('The secret is missing.', 'Give it as the first line of stdin, or run on a terminal.');
  return line;
}

/** Raw mode: nothing is echoed, so the keys that a line editor knows are handled here. */
function readHidden({ input, output }: TerminalStreams, question: string): Promise<string> {
  output.write(`${question}: `);
  input.setRawMode(true);
  input.setEncoding('utf8');
  input.resume();
  return new Promise<string>((resolve, reject) => {
    let secret = '';
    const finish = (settle: () => void) => {
      input.off('data', onData);
      input.setRawMode(false);
      input.pause();
      output.write('\n');
      settle();
    };
    const onData = (chunk: string) => {
      for (const key of chunk) {
        if (key === '\r' || key === '\n') return finish(() => resolve(secret));
        if (key === '\u0003' || (key === '\u0004' && secret === '')) return finish(() => reject(cancelled()));
        if (key === '\u007f' || key === '\b') secret = Array.from(secret).slice(0, -1).join('');
        else if (key === '\u0015') secret = '';
        else if (key >= ' ' && secret.length < longestSecret) secret += key;
      }
    };
    input.on('data', onData);
  });
}
