// axe-core on a page: what a machine can check of WCAG 2.2 AA, and the rest of what
// its authors think good practice.
import { AxeBuilder } from '@axe-core/playwright';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
export const TARGET_SIZE = 'target-size';

// axe leaves target-size out unless it is named.
export function examine(page) {
  return new AxeBuilder({ page })
    .options({ runOnly: { type: 'tag', values: TAGS }, rules: { [TARGET_SIZE]: { enabled: true } } })
    .analyze();
}
