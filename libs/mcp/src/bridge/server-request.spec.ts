import { describe, expect, it } from 'vitest';
import { fitServerRequest, mayAskClient, relayedCapabilities } from './server-request.js';

describe('mayAskClient', () => {
  it.each([
    ['sampling/createMessage', {}, {}, false],
    ['sampling/createMessage', {}, { sampling: {} }, true],
    ['sampling/createMessage', { tools: [] }, { sampling: {} }, false],
    ['sampling/createMessage', { tools: [] }, { sampling: { tools: {} } }, true],
    ['elicitation/create', {}, { elicitation: {} }, true],
    ['elicitation/create', { mode: 'form' }, { elicitation: { form: {} } }, true],
    ['elicitation/create', {}, { elicitation: { url: {} } }, false],
    ['elicitation/create', { mode: 'url' }, { elicitation: {} }, false],
    ['elicitation/create', { mode: 'url' }, { elicitation: { url: {} } }, true],
    ['roots/list', {}, { roots: {} }, true],
    ['roots/list', {}, { roots: true }, false],
    ['tools/call', {}, { roots: {}, sampling: {}, elicitation: {} }, false],
  ])('%s %j of %j: %s', (method, params, capabilities, expected) => {
    expect(mayAskClient(method, params, capabilities)).toBe(expected);
  });
});

describe('relayedCapabilities', () => {
  const declared = {
    roots: { listChanged: true },
    sampling: { tools: {} },
    elicitation: { url: {} },
    experimental: { x: 1 },
    extensions: { 'io.modelcontextprotocol/ui': { a: 1 }, 'vendor/x': {} },
  };

  it('claims what is relayed and nothing else', () => {
    expect(relayedCapabilities(declared, 'LEGACY', 'LEGACY')).toEqual({
      roots: { listChanged: true },
      sampling: { tools: {} },
      elicitation: { url: {} },
      extensions: { 'io.modelcontextprotocol/ui': { a: 1 } },
    });
    expect(relayedCapabilities(declared, 'MODERN', 'LEGACY')['roots']).toEqual({});
    expect(relayedCapabilities({}, 'LEGACY', 'MODERN')).toEqual({});
  });
});

describe('fitServerRequest', () => {
  const id = () => 'made';
  const url = { mode: 'url', url: 'https://x' };

  it('gives a URL an id for legacy clients, takes it away for modern ones, and leaves the rest', () => {
    const text = '{"mode":"url","url":"https://x","n":1.0}';
    expect(fitServerRequest('elicitation/create', text, url, 'LEGACY', id)).toBe(
      `${text.slice(0, -1)},"elicitationId":"made"}`,
    );
    const known = { ...url, elicitationId: 'e' };
    expect(fitServerRequest('elicitation/create', JSON.stringify(known), known, 'LEGACY', id)).toBe(
      JSON.stringify(known),
    );
    expect(fitServerRequest('elicitation/create', JSON.stringify(known), known, 'MODERN', id)).toBe(
      JSON.stringify(url),
    );
    expect(fitServerRequest('roots/list', '{}', {}, 'LEGACY', id)).toBe('{}');
  });
});
