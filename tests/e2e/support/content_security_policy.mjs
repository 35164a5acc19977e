// What Google's CSP Evaluator has to say about a policy.
import { CspEvaluator } from 'csp_evaluator/dist/evaluator.js';
import { Severity } from 'csp_evaluator/dist/finding.js';
import { CspParser } from 'csp_evaluator/dist/parser.js';

// [{directive, value, description, severity, grave}]; `grave` are those of medium
// severity and above. MEDIUM_MAYBE is not: it names what only somebody who knows the
// site can judge.
export function findingsOf(policy) {
  return new CspEvaluator(new CspParser(policy).csp).evaluate()
    .map(({ directive, value, description, severity }) => ({
      directive, value, description, severity: Severity[severity], grave: severity < Severity.MEDIUM_MAYBE,
    }));
}
