import { setTimeout as sleep } from 'node:timers/promises';

/** Any JSON object. */
export type Json = Record<string, unknown>;

/** A value as text; what is no text is shown as JSON. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

/** Something that the fixture offers. */
export interface FixtureObject {
  readonly definition: Json;
  /** Whether it is there for a client of these capabilities; absent: for all. */
  readonly needs?: (capabilities: Json) => boolean;
}

/** A tool of the fixture: its definition and what a call of it does. */
export interface FixtureTool extends FixtureObject {
  /** @param params all of the request's */
  readonly run: (args: Json, signal: AbortSignal, params: Json) => Json | Promise<Json>;
}

/** What a fixture server offers; tests change it at run time. */
export interface FixtureCatalogue {
  tools: FixtureTool[];
  resources: (FixtureObject & { contents: Json })[];
  /** Null: the method does not exist, as on many servers. */
  resourceTemplates: (FixtureObject & { read: (uri: string) => Json | null })[] | null;
  prompts: (FixtureObject & { get: (args: Json) => Json })[];
}

const text = (value: string, more: Json = {}): Json => ({ content: [{ type: 'text', text: value }], ...more });

const schema = (properties: Json, required: string[]): Json => ({ type: 'object', properties, required });

/** A tool that answers with a text. */
export const textTool = (
  name: string,
  description: string,
  run: (args: Json) => string,
  inputSchema = schema({}, []),
): FixtureTool => ({
  definition: { name, description, inputSchema },
  run: (args) => text(run(args)),
});

const tools = (): FixtureTool[] => [
  textTool(
    'echo',
    'Says the text again.',
    (args) => String(args['text']),
    schema({ text: { type: 'string' } }, ['text']),
  ),
  textTool(
    'add',
    'Adds two numbers.',
    (args) => String(Number(args['a']) + Number(args['b'])),
    schema({ a: { type: 'number' }, b: { type: 'number' } }, ['a', 'b']),
  ),
  {
    definition: { name: 'fail', description: 'Always fails.', inputSchema: schema({}, []) },
    run: () => text('it failed, as asked', { isError: true }),
  },
  {
    definition: {
      name: 'slow',
      description: 'Waits, then answers.',
      inputSchema: schema({ ms: { type: 'number' } }, ['ms']),
    },
    run: async (args, signal) => {
      await sleep(Number(args['ms']), undefined, { signal });
      return text(`waited ${String(args['ms'])} ms`);
    },
  },
  textTool(
    'big',
    'Answers with many kilobytes.',
    (args) => 'x'.repeat(Number(args['kb']) * 1024),
    schema({ kb: { type: 'number' } }, ['kb']),
  ),
  {
    definition: {
      name: 'structured',
      title: 'Structured answer',
      description: 'Answers with structured content.',
      inputSchema: schema({}, []),
      outputSchema: schema({ celsius: { type: 'number' } }, ['celsius']),
      annotations: { readOnlyHint: true },
      vendorField: { kept: true },
    },
    run: () => text('{"celsius":21}', { structuredContent: { celsius: 21 } }),
  },
  textTool(
    'with-region',
    'Wants its region as a header, too.',
    (args) => `region ${String(args['region'])}`,
    schema({ region: { type: 'string', 'x-mcp-header': 'Region' }, other: { type: 'string' } }, ['region']),
  ),
  {
    definition: { name: 'link', description: 'Answers with a link to a resource.', inputSchema: schema({}, []) },
    run: () => ({
      content: [
        { type: 'resource_link', uri: 'fixture://text', name: 'text' },
        { type: 'resource', resource: { uri: 'fixture://text', mimeType: 'text/plain', text: 'hello' } },
      ],
    }),
  },
];

/** The catalogue that a fixture server starts with. */
export const fixtureCatalogue = (): FixtureCatalogue => ({
  tools: tools(),
  resources: [
    {
      definition: { uri: 'fixture://text', name: 'text', title: 'A text', mimeType: 'text/plain' },
      contents: { uri: 'fixture://text', mimeType: 'text/plain', text: 'hello' },
    },
    {
      definition: { uri: 'fixture://binary', name: 'binary', mimeType: 'application/octet-stream' },
      contents: {
        uri: 'fixture://binary',
        mimeType: 'application/octet-stream',
        blob: Buffer.from([0, 1, 2, 255]).toString('base64'),
      },
    },
  ],
  resourceTemplates: [
    {
      definition: {
        uriTemplate: 'fixture://item/{id}',
        name: 'item',
        description: 'One item.',
        mimeType: 'text/plain',
      },
      read: (uri) => {
        const id = /^fixture:\/\/item\/([^/]+)$/.exec(uri)?.[1];
        return id === undefined ? null : { uri, mimeType: 'text/plain', text: `item ${id}` };
      },
    },
  ],
  prompts: [
    {
      definition: { name: 'simple', description: 'A fixed prompt.' },
      get: () => ({ messages: [{ role: 'user', content: { type: 'text', text: 'Say hello.' } }] }),
    },
    {
      definition: {
        name: 'with-args',
        description: 'A prompt about a topic.',
        arguments: [{ name: 'topic', required: true }],
      },
      get: (args) => ({
        messages: [{ role: 'user', content: { type: 'text', text: `Write about ${String(args['topic'])}.` } }],
      }),
    },
  ],
});
