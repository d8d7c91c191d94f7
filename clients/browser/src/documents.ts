/** The documents that the client sends: trusted documents must contain these texts. */
export const keystrokesMutation =
  "mutation LogKeystrokes($input: [LogKeystrokeInput!]!) { logKeystrokes(input: $input) { accepted } }";
export const interactionMutation =
  "mutation RecordInteraction($input: RecordInteractionInput!) { recordInteraction(input: $input) { accepted } }";
