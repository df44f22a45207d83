// Prints the command that README.md shows under a marker such as `<!-- command:test -->`, so that CI runs what readers run.
// Usage: node scripts/readme-command.mjs NAME [FILE]
import { readFileSync } from 'node:fs';

const [name = 'test', file = new URL('../README.md', import.meta.url)] = process.argv.slice(2);
const fence = new RegExp('<!-- command:' + name + ' -->\\s*\\n```[a-z]*\\n([\\s\\S]*?)\\n```');
const command = fence.exec(readFileSync(file, 'utf8'))?.[1]?.trim();
if (command) console.log(command);
else {
  console.error(`README.md has no command block under <!-- command:${name} -->.`);
  process.exitCode = 1;
}
