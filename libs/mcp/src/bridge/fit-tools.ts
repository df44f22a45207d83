import type { Era } from '#contracts';
import { exposeDefinition } from '../answers/expose-definition.js';
import { isObject, type JsonObject } from '../envelope/messages.js';
import { arrayElements, memberValue } from '../json/json-text.js';

const asNamed = { key: null, description: null };

/** The tools of an upstream's own list as clients of the other era may see them; nothing where none has to change. */
export function fitTools(resultText: () => string, result: JsonObject, era: Era): Record<string, string> {
  const { tools } = result;
  if (!Array.isArray(tools)) return {};
  const texts = arrayElements(memberValue(resultText(), 'tools') ?? '[]');
  const fitted = texts.map((text, index) => {
    const tool: unknown = tools[index];
    return isObject(tool) ? exposeDefinition('TOOL', text, tool, era, asNamed) : text;
  });
  return fitted.every((text, index) => text === texts[index]) ? {} : { tools: `[${fitted.join(',')}]` };
}
