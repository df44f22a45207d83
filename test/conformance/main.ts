// Runs the conformance referees by hand and prints a table.
// Usage: npm run conformance [-- direct|through|client …]   compares with baseline.json (default: all three)
//        npm run conformance -- --write [direct|client …]   writes that part of baseline.json anew
import './typescript-sources.mjs';

const { conformance } = await import('./conformance.js');
process.exitCode = await conformance(process.argv.slice(2));
