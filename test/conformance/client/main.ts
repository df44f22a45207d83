// Gatehouse's upstream connector as a client under test. A referee starts it with the address of its server as the last
// argument and names the scenario in MCP_CONFORMANCE_SCENARIO.
import '../typescript-sources.mjs';

const { runScenario } = await import('./run-scenario.js');
const { MCP_CONFORMANCE_SCENARIO: scenario = '', MCP_CONFORMANCE_CONTEXT: context = '{}' } = process.env;
await runScenario(scenario, process.argv.at(-1) ?? '', JSON.parse(context));
