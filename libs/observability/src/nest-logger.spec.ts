import type { LoggerService } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { createLogger } from './create-logger.js';
import { NestLogger } from './nest-logger.js';

const memory = () => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const nest: LoggerService = new NestLogger(
    createLogger({ level: 'trace', service: 'worker', destination: { write } }),
  );
  return { nest, lines };
};

describe('NestLogger', () => {
  it('is a LoggerService and keeps context and stack apart', () => {
    const { nest, lines } = memory();
    nest.log('Mapped {/x, GET} route', 'RouterExplorer');
    nest.error('boom', 'Error: boom\n    at x (y.js:1:1)', 'ExceptionsHandler');
    nest.warn('careful');
    nest.verbose?.('detail', { a: 1 }, 'Ctx');
    expect(lines).toMatchObject([
      { level: 'debug', msg: 'Mapped {/x, GET} route', context: 'RouterExplorer' },
      { level: 'error', msg: 'boom', context: 'ExceptionsHandler', stack: expect.stringContaining('at x') },
      { level: 'warn', msg: 'careful' },
      { level: 'trace', msg: 'detail', context: 'Ctx', data: '[sensitive]' },
    ]);
  });

  it('takes errors and objects as messages, redacted', () => {
    const { nest, lines } = memory();
    nest.error(new Error('Bearer abc'));
    nest.fatal?.({ password: 'hunter2' });
    expect(lines).toMatchObject([
      { level: 'error', msg: 'Bearer [redacted]', err: { type: 'Error' } },
      { level: 'fatal', details: { password: '[redacted]' } },
    ]);
  });
});
