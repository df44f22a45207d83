type Json = Record<string, unknown>;

/** What a tool of the upstream can do while it runs. */
export interface Tools {
  progress(progress: number): void;
  log(level: string, data: string): void;
  /** Sends any notification on the stream of the call. */
  tell(method: string, params: Json): void;
  /** Asks the client; how depends on the era. */
  ask(key: string, method: string, params: Json): Promise<Json>;
  readonly gone: AbortSignal;
}

/** What a modern tool says when it needs input. */
export class InputNeeded extends Error {
  constructor(readonly requests: Json) {
    super('input needed');
  }
}

/** The resource that changes. */
export const watchedUri = 'talk://watched';
/** A resource whose reading asks for input; it is offered where a test adds it, like the prompt of {@link askingPrompt}. */
export const askingUri = 'talk://asking';
export const askingPrompt = 'asking';
const elicited = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
const schema = { type: 'object' };
/** What `sample-tools` lets the client's model use. */
export const samplingTools: Json = {
  tools: [{ name: 'weather', description: 'of a city', inputSchema: { type: 'object', properties: { city: {} } } }],
  toolChoice: { mode: 'required' },
};

/** What `tools/list` answers. */
export const definitions = (extra: readonly string[]): Json[] =>
  [
    'echo',
    'progress',
    'log',
    'sample',
    'elicit',
    'elicit-url',
    'elicit-error',
    'roots',
    'two-rounds',
    'slow',
    'job',
    ...extra,
  ].map((name) => {
    const definition: Json = { name, inputSchema: schema };
    if (name === 'job') definition['execution'] = { taskSupport: 'optional' };
    if (name === 'echo') definition['_meta'] = { ui: { resourceUri: 'ui://talk/page' } };
    return definition;
  });

/** The result of a tool that says something. */
export const textResult = (text: string): Json => ({ content: [{ type: 'text', text }] });

/** What a call of a tool does. */
export async function run(name: string, args: Json, tools: Tools): Promise<Json> {
  switch (name) {
    case 'progress':
      for (const step of [1, 2, 2, 1, 3]) tools.progress(step);
      return textResult('done');
    case 'log':
      tools.log('debug', 'quiet');
      tools.log('error', 'loud');
      return textResult('logged');
    case 'sample': {
      const answer = await tools.ask('q', 'sampling/createMessage', {
        messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }],
        maxTokens: 5,
      });
      return textResult(`sampled ${JSON.stringify(answer['content'])}`);
    }
    case 'sample-watched': {
      const answer = await tools.ask('q', 'sampling/createMessage', {
        messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }],
        maxTokens: 5,
        _meta: { progressToken: 1 },
      });
      return textResult(`sampled ${JSON.stringify(answer['content'])}`);
    }
    // Asks what it is told to ask, and tells the whole answer.
    case 'ask':
      return textResult(JSON.stringify(await tools.ask('q', String(args['method']), args['params'] as Json)));
    case 'elicit': {
      const answer = await tools.ask('q', 'elicitation/create', { message: 'Name?', requestedSchema: elicited });
      return textResult(`elicited ${JSON.stringify(answer['content'])}`);
    }
    case askingPrompt: {
      const answer = await tools.ask('q', 'elicitation/create', { message: 'Prompt?', requestedSchema: elicited });
      const text = `prompted ${JSON.stringify(answer['content'])}`;
      return { messages: [{ role: 'user', content: { type: 'text', text } }] };
    }
    case askingUri: {
      const answer = await tools.ask('q', 'elicitation/create', { message: 'Resource?', requestedSchema: elicited });
      return { contents: [{ uri: askingUri, text: `read ${JSON.stringify(answer['content'])}` }] };
    }
    case 'sample-tools': {
      const answer = await tools.ask('q', 'sampling/createMessage', {
        messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }],
        maxTokens: 5,
        ...samplingTools,
      });
      return textResult(`sampled ${JSON.stringify(answer['content'])}`);
    }
    case 'elicit-complete': {
      const params = { mode: 'url', message: 'Open', url: 'https://example.com/x', elicitationId: 'e2' };
      const answer = await tools.ask('q', 'elicitation/create', params);
      tools.tell('notifications/elicitation/complete', { elicitationId: 'e2' });
      return textResult(`opened ${String(answer['action'])}`);
    }
    case 'two-rounds': {
      const first = await tools.ask('one', 'elicitation/create', { message: 'First?', requestedSchema: elicited });
      const second = await tools.ask('two', 'elicitation/create', { message: 'Second?', requestedSchema: elicited });
      return textResult(`${JSON.stringify(first['content'])} ${JSON.stringify(second['content'])}`);
    }
    case 'elicit-url': {
      const params = { mode: 'url', message: 'Open', url: 'https://example.com/x', elicitationId: 'e1' };
      const answer = await tools.ask('q', 'elicitation/create', params);
      return textResult(`opened ${String(answer['action'])}`);
    }
    case 'roots': {
      const answer = await tools.ask('q', 'roots/list', {});
      return textResult(`roots ${JSON.stringify(answer['roots'])}`);
    }
    case 'slow':
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20_000);
        tools.gone.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      });
      return textResult('slept');
    default:
      return textResult(`${name} ${JSON.stringify(args)}`);
  }
}
