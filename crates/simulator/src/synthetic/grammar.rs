//! Sentences from templates: each `{slot}` expands to a text of the slot, recursively.

use super::words;
use crate::split_mix::SplitMix64;

/// The source of a slot's text.
enum Slot {
    /// Words and names by descending frequency.
    Words(&'static [&'static str]),
    /// Templates of equal frequency.
    Templates(&'static [&'static str]),
    /// A generating function.
    Generated(fn(&mut SplitMix64) -> String),
}

fn slot(name: &str) -> Slot {
    match name {
        "message" => Slot::Templates(MESSAGES),
        "when" => Slot::Templates(WHEN),
        "later" => Slot::Templates(&[
            "{day}",
            "next {day}",
            "next week",
            "the {date}",
            "{month}",
            "the {date} of {month}",
        ]),
        "where" => Slot::Templates(WHERE),
        "ask" => Slot::Templates(ASK),
        "thing" => Slot::Templates(THING),
        "venue" => Slot::Templates(&["{coined} {kind}", "the {coined} {kind}", "the {adjective} {place}"]),
        "person" => Slot::Templates(&["{given}", "{given} {surname}", "{given} {surname}", "{people}"]),
        "blurb" => Slot::Templates(BLURBS),
        "adjective" => Slot::Words(words::ADJECTIVES),
        "city" => Slot::Words(words::CITIES),
        "closing" => Slot::Words(words::CLOSINGS),
        "day" => Slot::Words(words::DAYS),
        "event" => Slot::Words(words::EVENTS),
        "feeling" => Slot::Words(words::FEELINGS),
        "food" => Slot::Words(words::FOODS),
        "given" => Slot::Words(words::GIVEN_NAMES),
        "kind" => Slot::Words(words::VENUES),
        "month" => Slot::Words(words::MONTHS),
        "noun" => Slot::Words(words::THINGS),
        "number" => Slot::Words(words::NUMBERS),
        "people" => Slot::Words(words::PEOPLE),
        "place" => Slot::Words(words::PLACES),
        "preference" => Slot::Words(words::PREFERENCES),
        "problem" => Slot::Words(words::PROBLEMS),
        "quality" => Slot::Words(words::QUALITIES),
        "service" => Slot::Words(words::SERVICES),
        "street" => Slot::Words(words::STREETS),
        "surname" => Slot::Words(words::SURNAMES),
        "verb" => Slot::Words(words::VERBS),
        "amount" => Slot::Generated(|rng| format!("{}", 5 * (1 + rng.skewed_below(400)))),
        "clock" => Slot::Generated(clock),
        "code" => Slot::Generated(code),
        "coined" => Slot::Generated(coined),
        "date" => Slot::Generated(date),
        "house_number" => Slot::Generated(|rng| format!("{}", 1 + rng.below(240))),
        "phone" => Slot::Generated(|rng| format!("555-{:03}-{:04}", rng.below(1_000), rng.below(10_000))),
        other => unreachable!("a template names the slot {other:?}, which is not defined"),
    }
}

/// Templates of messages. `{a}` becomes `a` or `an` by the next word.
const MESSAGES: &[&str] = &[
    "Please {verb} {thing} for {person} {when}.",
    "Please {verb} the {noun} from {venue} {when}.",
    "Could you {ask} {when}?",
    "Could you {ask} for the {event} {where}?",
    "Can you {ask} {where}, {closing}?",
    "Would it be possible to {ask} {when}?",
    "I need {service} {where} {when}.",
    "I need {service} for {number} {when}, and {service} the day after.",
    "I would like {service} and {service} during the {event}.",
    "We are looking for {a} {adjective} {place} in {city}, {adjective} if possible.",
    "We will be {number} at the {event} {where}; please tell {venue}.",
    "My flight to {city} leaves at {clock}, so {service} has to be there before that.",
    "{person} will join us for the {event} {when}.",
    "The {noun} that I ordered in {month} {problem}.",
    "The {adjective} {noun} in our {place} {problem}; can someone come {when}?",
    "The booking under {code} {problem}, could you look into it?",
    "I was charged {amount} euros for {service} that we never had.",
    "Our stay at {venue} in {city} was {feeling}.",
    "The {food} at {venue} was {feeling}, and the {food} even more so.",
    "Dinner with {person} at {venue} was {feeling}; please book it again {when}.",
    "Thank you for {service} {where}, it was {feeling}.",
    "The {event} was {feeling}, and everyone asked who had found the {adjective} {place}.",
    "Please remember that {person} prefers {preference}.",
    "From now on I prefer {preference} on every {event}.",
    "Note that I can’t eat {food} or {food}.",
    "For the {event}, please serve {food} with {food} and {a} {adjective} dessert.",
    "My new address is {house_number} {street}, {city}.",
    "Please change my number to {phone}, the old one ends {when}.",
    "You can reach {person} at {phone} until {clock}.",
    "Is there {a} {adjective} {place} near the {place} in {city}?",
    "What’s the dress code at {venue} {when}?",
    "Which {place} in {city} has the best {food}?",
    "How long does it take from {city} to {city} by train {when}?",
    "Do you know whether {venue} is open {when}?",
    "Let’s move the {event} with {person} to {later}.",
    "I’m in {city} {when} and I’d love to see {a} {adjective} {place}.",
    "Find me {a} {adjective} {noun} for under {amount} dollars, {closing}.",
    "Send {a} {adjective} {noun} to {person} at {house_number} {street} {when}.",
    "Two seats to {city} {when}, {preference} for both, {closing}.",
    "Did the {noun} for {person} go out — it should be in {city} {when}?",
    "Don't forget {service} for {person} {when} at {clock}.",
    "Cancel {service} {when}, we've decided on {a} {event} in {city} instead.",
    "{closing}: {service} for {number} at {venue}, then a walk to the {place}.",
    "We'd rather have {a} {adjective} {place} than {a} {adjective} one.",
];

const ASK: &[&str] = &[
    "{verb} {service}",
    "{verb} {service} for {person}",
    "{verb} {a} {adjective} {place} in {city}",
    "{verb} the {adjective} {noun}",
    "{verb} {number} seats for the {event}",
    "{verb} our table at {venue}",
    "ask {venue} about {service}",
    "send {person} the details of the {event}",
    "have the {noun} brought to {house_number} {street}",
];

const THING: &[&str] =
    &["{service}", "{a} {adjective} {noun}", "{a} {adjective} {place}", "{number} tickets for the {event}"];

const WHERE: &[&str] = &["in {city}", "near {city}", "at {venue}", "at {venue} in {city}", "by the {place}"];

const WHEN: &[&str] = &[
    "today",
    "tomorrow",
    "tonight",
    "next week",
    "this {day}",
    "on {day}",
    "next {day} at {clock}",
    "on {month} {date}",
    "in {month}",
    "before {clock}",
    "on the {date}",
    "from the {date} of {month}",
    "over the weekend",
    "in the spring",
    "after the {event}",
];

/// Templates of product descriptions.
const BLURBS: &[&str] = &[
    "{a} {quality} piece for every {place}, with {a} {quality} finish.",
    "Made in {city} by {given} {surname} and family; {quality}, {quality} and easy to care for.",
    "Goes well with {a} {quality} {noun}, and makes a welcome gift for {a} {event}.",
    "Our most {quality} model so far, says {given} {surname}, who took it on {a} {event}.",
    "Inspired by the {adjective} {place} of {city}.",
    "Packed in {a} {quality} box, ready for {a} {event}.",
];

/// Expands a template and capitalises the first letter.
pub(super) fn sentence(rng: &mut SplitMix64, template: &str) -> String {
    let mut draft = SentenceBuilder { text: String::with_capacity(128), article_end: None };
    draft.expand(rng, template);
    let mut text = draft.text;
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// A builder of a sentence.
struct SentenceBuilder {
    text: String,
    /// The end of an article `a` whose next word is not yet known.
    article_end: Option<usize>,
}

impl SentenceBuilder {
    fn expand(&mut self, rng: &mut SplitMix64, template: &str) {
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            self.push(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            rest = after;
            if name == "a" {
                self.push("a");
                self.article_end = Some(self.text.len());
                continue;
            }
            match slot(name) {
                Slot::Words(list) => self.push(list[rng.skewed_below(list.len())]),
                Slot::Templates(list) => {
                    let template = rng.one_of(list);
                    self.expand(rng, template);
                }
                Slot::Generated(make) => self.push(&make(rng)),
            }
        }
        self.push(rest);
    }

    fn push(&mut self, piece: &str) {
        if let (Some(end), Some(next)) = (self.article_end, piece.trim_start().bytes().next()) {
            if b"aeiou".contains(&next) {
                self.text.insert(end, 'n');
            }
            self.article_end = None;
        }
        self.text.push_str(piece);
    }
}

fn clock(rng: &mut SplitMix64) -> String {
    let (hour, minute) = (1 + rng.below(12), 15 * rng.below(4));
    let half = rng.one_of(&["am", "pm"]);
    if minute == 0 { format!("{hour} {half}") } else { format!("{hour}:{minute:02} {half}") }
}

fn date(rng: &mut SplitMix64) -> String {
    let day = 1 + rng.below(28);
    let ending = match day {
        1 | 21 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

fn code(rng: &mut SplitMix64) -> String {
    let mut letter = || char::from(b'A' + rng.below(26) as u8);
    let letters = [letter(), letter()];
    format!("{}{}{:04}", letters[0], letters[1], rng.below(10_000))
}

/// Generates an invented name; some are frequent, most are rare.
pub(super) fn coined(rng: &mut SplitMix64) -> String {
    let start = words::STARTS[rng.skewed_below(words::STARTS.len())];
    let end = words::ENDS[rng.skewed_below(words::ENDS.len())];
    format!("{start}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_expands_and_its_articles_fit() {
        for template in [MESSAGES, ASK, THING, WHERE, WHEN, BLURBS].concat() {
            for position in 0..50 {
                let text = sentence(&mut SplitMix64::at(1, position), template);
                assert!(!text.contains(['{', '}']) && !text.contains("  "), "{template}: {text}");
                let words: Vec<&str> = text.split(' ').collect();
                for pair in words.windows(2).filter(|pair| pair[0] == "an") {
                    assert!(pair[1].starts_with(['a', 'e', 'i', 'o', 'u']), "{template}: {text}");
                }
            }
        }
    }
}
