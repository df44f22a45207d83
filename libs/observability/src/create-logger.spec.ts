import { array, assert, constantFrom, property, record, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger, type LogLevel } from './create-logger.js';
import { runWithLogContext } from './log-context.js';

const memory = (level: LogLevel = 'info') => {
  const lines: string[] = [];
  const logger = createLogger({ level, service: 'gateway', destination: { write: (line) => void lines.push(line) } });
  const last = () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown>;
  return { logger, lines, last };
};

describe('logger', () => {
  it('writes one JSON line with ISO time, level, service, fields and message', () => {
    const { logger, lines, last } = memory();
    logger.info({ upstream: 'github', durationMs: 12 }, 'upstream checked');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\n$/);
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      pid: process.pid,
      service: 'gateway',
      upstream: 'github',
      durationMs: 12,
      msg: 'upstream checked',
    });
  });

  it('writes from its level upwards', () => {
    const { logger, lines } = memory('warn');
    for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) logger[level](level);
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(['warn', 'error', 'fatal']);
    const silent = memory('silent');
    silent.logger.fatal('x');
    expect(silent.lines).toEqual([]);
  });

  it('carries the log context over awaits, nested and not outside', async () => {
    const { logger, last } = memory();
    await runWithLogContext({ requestId: 'req-00000001' }, async () => {
      await Promise.resolve();
      logger.info('outer');
      expect(last()).toMatchObject({ requestId: 'req-00000001' });
      runWithLogContext({ queue: 'sync-catalog' }, () => logger.info('inner'));
      expect(last()).toMatchObject({ requestId: 'req-00000001', queue: 'sync-catalog' });
      logger.info('outer again');
      expect(last()).not.toHaveProperty('queue');
    });
    logger.info('outside');
    expect(last()).not.toHaveProperty('requestId');
  });

  it('has children that add fields, each name once in a line', () => {
    const { logger, lines, last } = memory();
    const child = logger.child({ upstream: 'github', password: 'hunter2' }).child({ attempt: 1 });
    child.info({ attempt: 2 }, 'again');
    expect(last()).toMatchObject({ upstream: 'github', attempt: 2, password: '[redacted]' });
    expect(lines[0]?.match(/"attempt"/g)).toHaveLength(1);
  });

  it('lets no field forge the frame of the line', () => {
    const { logger, lines, last } = memory();
    logger.info({ level: 'fatal', time: 'x', service: 'other', msg: 'y', pid: 1 }, 'a\nb');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(last()).toMatchObject({
      level: 'info',
      service: 'gateway',
      msg: 'a\nb',
      level_: '[redacted]',
      service_: '[redacted]',
    });
  });

  it('[OBS-3] shows no field that is not classified public', () => {
    const { logger, lines, last } = memory();
    logger.child({ customer: 'Ada' }).info({ upstream: 'github', birthday: '1815', resource: 'file:///ada' }, 'x');
    expect(last()).toMatchObject({
      upstream: 'github',
      customer: '[redacted]',
      birthday: '[redacted]',
      resource: '[sensitive]',
    });
    expect(lines.join('')).not.toMatch(/Ada|1815|ada/);
  });

  it('spells out errors under err', () => {
    const { logger, last } = memory();
    logger.error({ err: new TypeError('fetch postgres://a:b@c failed', { cause: new Error('Bearer xyz') }) }, 'failed');
    expect(last()['err']).toMatchObject({
      type: 'TypeError',
      message: 'fetch postgres://[redacted]@c failed',
      cause: { message: 'Bearer [redacted]' },
      stack: expect.stringContaining('create-logger.spec'),
    });
  });

  it('never writes a password or token, wherever it was put', () => {
    const secret = 'S3cr3tS3cr3t';
    const name = constantFrom('password', 'token', 'clientSecret', 'Authorization', 'set-cookie', 'X-Api-Key');
    const text = constantFrom(
      `gth_${secret}.x.y`,
      `Bearer ${secret}`,
      `https://u:${secret}@h/`,
      `{"password":"${secret}"}`,
      `token=${secret}`,
    );
    const path = array(string({ maxLength: 8 }), { maxLength: 5 });
    assert(
      property(record({ name, text, path }), ({ name: credential, text: masked, path: names }) => {
        const { logger, lines } = memory();
        const inner: Record<string, unknown> = { [credential]: secret, note: masked, list: [{ [credential]: secret }] };
        const nested = names.reduce<Record<string, unknown>>((value, key) => ({ [key]: value }), inner);
        const error = Object.assign(new Error(masked, { cause: nested }), nested);
        logger.child(nested).info(nested, masked);
        logger.error({ err: error }, 'failed');
        runWithLogContext({ requestId: masked }, () => logger.warn('in context'));
        return lines.length === 3 && lines.every((line) => !line.includes(secret));
      }),
      { numRuns: 200 },
    );
  });
});
