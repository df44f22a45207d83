import { describe, expect, it } from 'vitest';
import { capabilityMask, clientCapabilities, type ClientCapability } from '#contracts';
import { capabilitiesOfMask, declaredMask, widestCapabilities } from './client-capabilities.js';
import { mayAskClient } from './server-request.js';

const all = capabilityMask(clientCapabilities);
const masks = Array.from({ length: all + 1 }, (_, mask) => mask);

describe('declaredMask', () => {
  it.each<[object, ClientCapability[]]>([
    [{}, []],
    [{ sampling: {} }, ['SAMPLING']],
    [{ elicitation: {} }, ['ELICITATION_FORM']],
    [{ elicitation: { form: {} } }, ['ELICITATION_FORM']],
    [{ elicitation: { url: {} } }, ['ELICITATION_URL']],
    [
      { elicitation: { form: {}, url: {} }, roots: { listChanged: true } },
      ['ELICITATION_FORM', 'ELICITATION_URL', 'ROOTS'],
    ],
    [{ sampling: true, elicitation: 'yes', roots: [] }, []],
    [{ elicitation: { url: true } }, []],
    [{ experimental: { sampling: {} } }, []],
  ])('of %j is %j [ASK-3]', (capabilities, expected) => {
    expect(declaredMask({ ...capabilities })).toBe(capabilityMask(expected));
  });

  it('sees exactly what may be asked', () => {
    for (const mask of masks) {
      const capabilities = capabilitiesOfMask(mask);
      expect(declaredMask(capabilities)).toBe(mask);
      const has = (capability: ClientCapability) => (mask & capabilityMask([capability])) !== 0;
      expect(mayAskClient('sampling/createMessage', {}, capabilities)).toBe(has('SAMPLING'));
      expect(mayAskClient('elicitation/create', { mode: 'form' }, capabilities)).toBe(has('ELICITATION_FORM'));
      expect(mayAskClient('elicitation/create', { mode: 'url' }, capabilities)).toBe(has('ELICITATION_URL'));
      expect(mayAskClient('roots/list', {}, capabilities)).toBe(has('ROOTS'));
    }
  });
});

describe('widestCapabilities', () => {
  it('says all that is relayed, in the words of the era', () => {
    const elicitation = { form: {}, url: {} };
    const sampling = { context: {}, tools: {} };
    expect(widestCapabilities(clientCapabilities, 'MODERN')).toEqual({ elicitation, roots: {}, sampling });
    expect(widestCapabilities(clientCapabilities, 'LEGACY')).toEqual({
      elicitation,
      roots: { listChanged: true },
      sampling,
    });
    expect(widestCapabilities(['ELICITATION_URL'], 'LEGACY')).toEqual({ elicitation: { url: {} } });
    expect(widestCapabilities([], 'MODERN')).toEqual({});
  });
});
