import { describe, expect, it } from 'vitest';
import type { AuditEventDraft } from '#contracts';
import { newId } from '#kernel';
import { RefusalAggregator } from './refusal-aggregator.js';

function open(organizationId: string | null, maxSources?: number) {
  const events: AuditEventDraft[] = [];
  const clock = { time: 0, now: () => clock.time };
  const refusals = new RefusalAggregator({
    record: (event) => events.push(event),
    organizationId: () => organizationId,
    clock,
    maxSources,
  });
  return { events, clock, refusals };
}

describe('RefusalAggregator', () => {
  it('emits a minute when the next one begins', () => {
    const { events, clock, refusals } = open(newId());
    clock.time = 59_000;
    refusals.refused({ ip: '10.0.0.1', reason: 'EXPIRED' });
    clock.time = 59_999;
    refusals.refused({ ip: '10.0.0.1', reason: 'EXPIRED' });
    refusals.refused({ ip: '10.0.0.1', reason: 'UNKNOWN' });
    expect(events).toEqual([]);
    clock.time = 60_000;
    refusals.refused({ ip: '10.0.0.1', reason: 'EXPIRED' });
    expect(events).toMatchObject([
      {
        reason: 'EXPIRED',
        outcome: 'DENIED',
        occurredAt: 59_999,
        details: { count: 2, firstAt: '1970-01-01T00:00:59.000Z' },
      },
      { reason: 'UNKNOWN', details: { count: 1 } },
    ]);
    refusals.close();
    expect(events).toHaveLength(3);
  });

  it('lumps together what comes from too many addresses', () => {
    const { events, refusals } = open(newId(), 2);
    for (let index = 0; index < 10; index += 1) refusals.refused({ ip: `10.0.0.${index}`, reason: 'UNKNOWN' });
    refusals.refused({ ip: '10.0.0.1', reason: 'UNKNOWN' });
    refusals.flush();
    expect(events.map(({ ip, details }) => [ip, details['count']])).toEqual([
      ['10.0.0.0', 1],
      ['10.0.0.1', 2],
      [null, 8],
    ]);
  });

  it('keeps what was tried apart', () => {
    const { events, refusals } = open(newId());
    refusals.refused({ ip: null, reason: 'UNAUTHENTICATED' });
    refusals.refused({ ip: null, reason: 'UNAUTHENTICATED', action: 'team.create' });
    refusals.refused({ ip: null, reason: 'BAD_USER_INPUT', action: 'team.create', outcome: 'FAILED' });
    refusals.flush();
    expect(events.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'credential.refused DENIED',
      'team.create DENIED',
      'team.create FAILED',
    ]);
  });

  it('tells nobody while no organization exists', () => {
    const { events, refusals } = open(null);
    refusals.refused({ ip: null, reason: 'UNKNOWN' });
    refusals.close();
    expect(events).toEqual([]);
  });
});
