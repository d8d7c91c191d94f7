//! Simulated users who type searches letter by letter.
//!
//! They take turns, so a session's keystrokes are as far apart as among many real users. Half of them are logged
//! in; half of the searches are submitted. After a search, some users type another one in the same session; a
//! new user replaces each of the others. `typing.lua` does the same for `wrk`.

use quarry::domain::{InputId, Keystroke, SessionId, UserId};

/// The typed texts, 14 letters on average.
pub(crate) const SEARCHES: [&str; 8] = [
    "running shoes",
    "business data",
    "private jet",
    "espresso machine",
    "how is emil",
    "hotels in paris",
    "umbrella for two",
    "second hand violin",
];

/// The current users.
pub(crate) struct People {
    people: Vec<Person>,
    next: usize,
    /// The number of users so far.
    born: usize,
    /// The prefix of their sessions.
    prefix: String,
}

struct Person {
    number: usize,
    search: usize,
    typed: usize,
    sequence: i64,
}

impl People {
    pub(crate) fn new(prefix: &str, count: usize) -> Self {
        // The first users begin at different letters.
        let typed = |number: usize| number % SEARCHES[number % SEARCHES.len()].len();
        let person = |number| Person { number, search: number, typed: typed(number), sequence: 0 };
        let people = (0..count).map(person);
        Self { people: people.collect(), next: 0, born: count, prefix: prefix.to_owned() }
    }

    /// The keystroke of the next user.
    pub(crate) fn keystroke(&mut self) -> Keystroke {
        let turn = self.next;
        self.next = (turn + 1) % self.people.len();
        let person = &mut self.people[turn];
        person.typed += 1;
        person.sequence += 1;
        let text = SEARCHES[person.search % SEARCHES.len()];
        let is_whole = person.typed == text.len();
        let keystroke = Keystroke {
            session: SessionId::parse(&session(&self.prefix, person.number)).unwrap(),
            user: person
                .number
                .is_multiple_of(2)
                .then(|| UserId::parse(&format!("user-{}", person.number)).unwrap()),
            input: InputId::default(),
            text: text[..person.typed].to_owned(),
            sequence: Some(person.sequence),
            submitted: is_whole && person.search.is_multiple_of(2),
            result_count: None,
            composing: false,
            context: Default::default(),
        };
        if is_whole {
            person.search += 3;
            person.typed = 0;
            if person.search % 4 < 2 {
                *person = Person { number: self.born, search: self.born, typed: 0, sequence: 0 };
                self.born += 1;
            }
        }
        keystroke
    }
}

/// A session id with the length of a UUID.
fn session(prefix: &str, number: usize) -> String {
    format!("{prefix}-{number:0>width$}", width = 35 - prefix.len())
}
