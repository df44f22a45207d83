import { describe, expect, it } from 'vitest';
import { clientCapabilities, type ClientCapability } from '#contracts';
import type { CatalogObject } from './catalog-object.js';
import { findConditional } from './conditional-catalog.js';
import type { UpstreamCatalog } from './fetch-catalog.js';

const limits = { maxPages: 10, maxObjects: 4, maxDefinition: 1000, maxSize: 1000 };
const object = (key: string, definition = `{"name":"${key}"}`): CatalogObject => ({
  ...{ key, definition, value: {} },
  ...{ title: null, description: null, mimeType: null },
});
const catalog = (more: Partial<UpstreamCatalog> = {}): UpstreamCatalog => ({
  ...{ tools: [], resources: [], resourceTemplates: [], prompts: [], warnings: [] },
  ...more,
});

/** An upstream whose lists depend on what is declared; notes every reading. */
function upstream(listsFor: (has: (one: ClientCapability) => boolean) => Partial<UpstreamCatalog>) {
  const readings: string[] = [];
  const readAs = (declared: readonly ClientCapability[]) => {
    readings.push(declared.join());
    return Promise.resolve(catalog(listsFor((one) => declared.includes(one))));
  };
  return { readings, readAs, base: catalog(listsFor(() => false)) };
}
const when = (condition: boolean, key: string): CatalogObject[] => (condition ? [object(key)] : []);
const all = clientCapabilities.join();

describe('findConditional', () => {
  it('reads once more when that brings nothing new [ASK-1]', async () => {
    const { base, readAs, readings } = upstream(() => ({ tools: [object('echo')] }));
    const found = await findConditional(base, limits, readAs);
    expect(found).toEqual(catalog());
    expect(readings).toEqual([all]);
  });

  it('finds out for every kind which capabilities suffice [ASK-1]', async () => {
    const { base, readAs, readings } = upstream((has) => ({
      tools: [
        object('echo'),
        ...when(has('SAMPLING'), 'think'),
        ...when(has('ELICITATION_FORM') || has('ELICITATION_URL'), 'ask'),
        ...when(has('SAMPLING') && has('ROOTS'), 'both'),
      ],
      prompts: when(has('ROOTS'), 'tour'),
      resources: when(has('ELICITATION_URL'), 'doc://one'),
      resourceTemplates: when(has('SAMPLING'), 'doc://{id}'),
    }));
    const found = await findConditional(base, limits, readAs);
    const requires = (list: readonly { key: string; requires: unknown }[] = []) =>
      Object.fromEntries(list.map((one) => [one.key, one.requires]));
    expect(requires(found?.tools)).toEqual({
      think: [['SAMPLING']],
      ask: [['ELICITATION_FORM'], ['ELICITATION_URL']],
      both: [clientCapabilities],
    });
    expect(requires(found?.prompts)).toEqual({ tour: [['ROOTS']] });
    expect(requires(found?.resources)).toEqual({ 'doc://one': [['ELICITATION_URL']] });
    expect(requires(found?.resourceTemplates)).toEqual({ 'doc://{id}': [['SAMPLING']] });
    expect(readings).toEqual([all, ...clientCapabilities]);
  });

  it('leaves to the first reading what both list, however it differs [ASK-1]', async () => {
    const { base, readAs, readings } = upstream((has) => ({
      tools: has('ROOTS') ? [object('echo', '{"name":"echo","roots":true}')] : [object('echo'), object('only-plain')],
      warnings: has('ROOTS') ? ['old', 'new'] : ['old'],
    }));
    expect(await findConditional(base, limits, readAs)).toEqual(catalog({ warnings: ['new'] }));
    expect(readings).toEqual([all]);
  });

  it.each<[string, Partial<UpstreamCatalog>]>([
    ['objects', { tools: ['a', 'b', 'c'].map((key) => object(key)) }],
    ['bytes', { tools: [object('a', 'x'.repeat(600))] }],
  ])('keeps to the bound of %s for both readings together [ASK-2]', async (_, more) => {
    const base = catalog({ tools: [object('x', 'x'.repeat(401)), object('y')] });
    expect(await findConditional(base, limits, () => Promise.resolve(catalog(more)))).toBeNull();
  });
});
