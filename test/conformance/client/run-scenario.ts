import { isObject, type JsonObject } from '#mcp';
import { ConnectedClient, type Answerer } from './connected-client.js';

type Run = (url: string, context: JsonObject) => Promise<void>;

/** Says yes, with the defaults that the server names for the fields it asks for (SEP-1034). */
const acceptWithDefaults: Answerer = (_method, { requestedSchema }) => {
  const properties =
    isObject(requestedSchema) && isObject(requestedSchema['properties']) ? requestedSchema['properties'] : {};
  const content = Object.entries(properties).flatMap(([name, schema]) =>
    isObject(schema) && 'default' in schema ? [[name, schema['default']] as const] : [],
  );
  return { action: 'accept', content: Object.fromEntries(content) };
};

const elicitation = { elicitation: { form: { applyDefaults: true } } };

const withClient = async (
  url: string,
  use: (client: ConnectedClient) => Promise<unknown>,
  capabilities: JsonObject = {},
  answer: Answerer | null = null,
): Promise<void> => {
  await using client = await ConnectedClient.connect(url, capabilities, answer);
  await use(client);
};

/** Calls every tool that the catalogue has kept. */
const callEveryTool: Run = (url) =>
  withClient(url, async (client) => {
    for (const { key } of client.catalog.tools) await client.callTool(key, { region: 'eu' });
  });

const readOnly: Run = (url) => withClient(url, () => Promise.resolve());

const scenarios: Readonly<Record<string, Run>> = {
  initialize: readOnly,
  'request-metadata': (url) =>
    withClient(url, (client) => client.request('tools/list', {}), { roots: {}, sampling: {}, elicitation: {} }),
  'json-schema-ref-no-deref': readOnly,
  tools_call: (url) => withClient(url, (client) => client.callTool('add_numbers', { a: 5, b: 3 })),
  'sse-retry': (url) => withClient(url, (client) => client.callTool('test_reconnection')),
  'elicitation-sep1034-client-defaults': (url) =>
    withClient(url, (client) => client.callTool('test_client_elicitation_defaults'), elicitation, acceptWithDefaults),
  'http-invalid-tool-headers': callEveryTool,
  'http-standard-headers': (url) =>
    withClient(url, async (client) => {
      const { tools, resources, prompts } = client.catalog;
      for (const { key } of tools) await client.callTool(key);
      for (const { key } of resources) await client.request('resources/read', { uri: key });
      for (const { key } of prompts) await client.request('prompts/get', { name: key });
    }),
  'http-custom-headers': (url, { toolCalls }) =>
    withClient(url, async (client) => {
      for (const call of Array.isArray(toolCalls) ? toolCalls : [])
        if (isObject(call)) await client.callTool(String(call['name']), call['arguments'] as JsonObject);
    }),
  'json-schema-2020-12-preservation': (url) =>
    withClient(url, async (client) => {
      const rich = client.catalog.tools.find(({ key }) => key === 'json_schema_2020_12_tool');
      await client.callTool('json_schema_echo', { schema: rich?.value['inputSchema'] });
    }),
  'sep-2322-client-request-state': (url) =>
    withClient(
      url,
      (client) =>
        Promise.all(
          ['test_mrtr_echo_state', 'test_mrtr_unrelated', 'test_mrtr_no_state', 'test_mrtr_no_result_type'].map(
            (name) => client.callTool(name),
          ),
        ),
      elicitation,
      () => ({ action: 'accept', content: { confirmed: true } }),
    ),
};

/** Does what one scenario of a referee asks of a client. */
export async function runScenario(name: string, url: string, context: unknown): Promise<void> {
  const scenario = scenarios[name];
  if (!scenario) throw new Error(`no client for the scenario ${JSON.stringify(name)}`);
  await scenario(url, isObject(context) ? context : {});
}
