//! People who type searches, a letter at a time.
//!
//! Each takes their turn, so that a session's keystrokes lie as far apart as those of a real one
//! among many. Half are logged in; half of the searches are submitted; after a search, some go on
//! with another in the same session, and somebody new comes for each who does not.
//! `typing.lua` does the same for `wrk`.

use quarry::domain::{InputId, Keystroke, SessionId, UserId};

/// What is typed, 14 letters on average.
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

/// People who type at the same time.
pub(crate) struct People {
    people: Vec<Person>,
    next: usize,
    /// How many have come.
    born: usize,
    /// What their sessions begin with.
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
        // They are met at different letters.
        let typed = |number: usize| number % SEARCHES[number % SEARCHES.len()].len();
        let person = |number| Person { number, search: number, typed: typed(number), sequence: 0 };
        let people = (0..count).map(person);
        Self { people: people.collect(), next: 0, born: count, prefix: prefix.to_owned() }
    }

    /// The next keystroke of whose turn it is.
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

/// As long as the UUIDs that browsers make.
fn session(prefix: &str, number: usize) -> String {
    format!("{prefix}-{number:0>width$}", width = 35 - prefix.len())
}
