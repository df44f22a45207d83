import { describe, expect, it } from 'vitest';
import { capabilityMask, type CatalogKind, type ClientCapability } from '#contracts';
import { compileObject } from './catalog-object.js';
import type { UpstreamTarget } from './catalog-snapshot.js';
import { CompiledEndpoint } from './compiled-endpoint.js';
import { ExposedObject } from './exposed-object.js';
import { UpstreamMember } from './upstream-member.js';

const upstream = { id: 'up', slug: 'up', enabled: true, capabilities: null } as UpstreamTarget;
const member = new UpstreamMember(upstream, { current: { health: 'HEALTHY', healthCode: null } });

function object(kind: CatalogKind, key: string, requires: readonly ClientCapability[][] = []): ExposedObject {
  const row = { kind, key, definition: JSON.stringify({ name: key }), requires: JSON.stringify(requires) };
  const compiled = compileObject({ id: key, organizationId: 'acme', upstreamId: 'up', ...row });
  if (compiled === null) throw new Error('The definition is an object.');
  return new ExposedObject(compiled, upstream, member, {
    exposedName: key,
    nameOverride: null,
    descriptionOverride: null,
  });
}

const head = { kind: 'aggregate', subjectId: null, slug: null, name: 'ACME', instructions: null } as const;
const endpoint = (objects: readonly ExposedObject[]) => new CompiledEndpoint(head, objects, () => [member]);
const [sampling, form, roots] = (['SAMPLING', 'ELICITATION_FORM', 'ROOTS'] as const).map((one) =>
  capabilityMask([one]),
);

describe('an endpoint with objects that are not there for every client', () => {
  const whole = endpoint([
    object('TOOL', 'echo'),
    object('TOOL', 'think', [['SAMPLING']]),
    object('TOOL', 'ask', [['ELICITATION_FORM'], ['ELICITATION_URL']]),
    object('PROMPT', 'plan', [['SAMPLING', 'ROOTS']]),
    object('RESOURCE', 'doc://answer', [['ELICITATION_FORM']]),
    object('RESOURCE_TEMPLATE', 'doc://{id}'),
  ]);
  const seenWith = (declared = 0) => {
    const { tools, prompts, resources, listed } = whole.forClient(declared);
    expect([listed.tools.length, listed.prompts.length, listed.resources.length]).toEqual([
      tools.size,
      prompts.size,
      resources.size,
    ]);
    return [...tools.keys(), ...prompts.keys(), ...resources.keys()];
  };

  it('shows each client what it has declared enough for, in the order of the whole [ASK-3]', () => {
    expect(seenWith(0)).toEqual(['echo']);
    expect(seenWith(sampling)).toEqual(['echo', 'think']);
    expect(seenWith(form)).toEqual(['echo', 'ask', 'doc://answer']);
    expect(seenWith(capabilityMask(['ELICITATION_URL']))).toEqual(['echo', 'ask']);
    expect(seenWith((sampling ?? 0) | (roots ?? 0))).toEqual(['echo', 'think', 'plan']);
    expect(whole.tools.size).toBe(3);
  });

  it('is one object for clients that see the same, and itself for who sees everything [ASK-5]', () => {
    const all = capabilityMask(['SAMPLING', 'ELICITATION_FORM', 'ELICITATION_URL', 'ROOTS']);
    expect(whole.forClient(all)).toBe(whole);
    const plain = whole.forClient(0);
    expect(whole.forClient(0)).toBe(plain);
    expect(plain.forClient(0)).toBe(plain);
    expect(plain.forClient(all)).toBe(whole);
    expect(plain.whole).toBe(whole);
    expect(plain.upstreams).toBe(whole.upstreams);
    expect([plain.asks, whole.asks]).toEqual([all, all]);
  });

  it('resolves a hidden resource like one that was never listed', () => {
    expect(whole.resolveResource('doc://answer')?.objectId).toBe('doc://answer');
    expect(whole.forClient(0).resolveResource('doc://answer')).toMatchObject({ objectId: 'doc://{id}', requires: [] });
  });

  it('has no variants when everything is there for all [ASK-5]', () => {
    const same = endpoint([object('TOOL', 'echo')]);
    expect(same.asks).toBe(0);
    expect(same.forClient(0)).toBe(same);
    expect(same.whole).toBe(same);
  });
});
