import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ask, askSecret } from './ask.js';

function terminal(isTTY: boolean) {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => input }) as unknown as NodeJS.ReadStream & {
    write(text: string): void;
    end(text?: string): void;
  };
  const output = new PassThrough();
  let shown = '';
  output.on('data', (chunk) => (shown += String(chunk)));
  return { input, output, shown: () => shown };
}

describe('askSecret', () => {
  it('reads keys without showing them; backspace and control-U take back', async () => {
    const { input, output, shown } = terminal(true);
    const secret = askSecret({ input, output }, 'Password');
    for (const keys of ['wrong\u0015', 'pässx\u007f', 'word 1\r']) input.write(keys);
    expect(await secret).toBe('pässword 1');
    expect(shown()).toBe('Password: \n');
  });

  it('is cancelled by control-C', async () => {
    const { input, output } = terminal(true);
    const secret = askSecret({ input, output }, 'Password');
    input.write('half\u0003');
    await expect(secret).rejects.toThrow('Cancelled.');
  });

  it('takes the first line of a pipe', async () => {
    const { input, output, shown } = terminal(false);
    input.end('from a pipe \r\nsecond line\n');
    expect(await askSecret({ input, output }, 'Password')).toBe('from a pipe ');
    expect(shown()).toBe('');
  });

  it('refuses an empty pipe', async () => {
    const { input, output } = terminal(false);
    input.end('');
    await expect(askSecret({ input, output }, 'Password')).rejects.toThrow('The secret is missing.');
  });
});

describe('ask', () => {
  it('names the option when there is no terminal', async () => {
    await expect(ask(terminal(false), 'E-mail address', '--email')).rejects.toThrow('--email is missing.');
  });

  it('answers with the line', async () => {
    const { input, output } = terminal(true);
    const answer = ask({ input, output }, 'E-mail address', '--email');
    input.write(' a@example.com \n');
    expect(await answer).toBe('a@example.com');
  });
});
