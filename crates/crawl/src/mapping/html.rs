//! The plain text of HTML.

use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

/// Elements whose content is no text.
const SKIPPED: [&[u8]; 5] = [b"script", b"style", b"iframe", b"noembed", b"noframes"];
/// Elements that begin and end a line.
const BLOCKS: [&[u8]; 39] = [
    b"address",
    b"article",
    b"aside",
    b"blockquote",
    b"body",
    b"br",
    b"caption",
    b"center",
    b"dd",
    b"details",
    b"div",
    b"dl",
    b"dt",
    b"fieldset",
    b"figcaption",
    b"figure",
    b"footer",
    b"form",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"header",
    b"hr",
    b"html",
    b"li",
    b"main",
    b"nav",
    b"ol",
    b"option",
    b"p",
    b"pre",
    b"section",
    b"summary",
    b"table",
    b"tr",
    b"ul",
];
/// Elements that separate words.
const CELLS: [&[u8]; 2] = [b"td", b"th"];

/// Returns the text of HTML: entities decoded, without scripts, one line per block.
pub(super) fn plain_text(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return html.to_owned();
    }
    let mut text = PlainText { preformatted: usize::from(!html.contains('<')), ..PlainText::default() };
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
        text.handle(&event);
        None
    });
    // The content of a script is not parsed as elements.
    emitter.naively_switch_states(true);
    let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
    text.out
}

/// The text so far, and the white space before what follows.
#[derive(Default)]
struct PlainText {
    out: String,
    skips: bool,
    preformatted: usize,
    needs_break: bool,
    needs_blank: bool,
}

impl PlainText {
    fn handle(&mut self, event: &CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.skips = SKIPPED.contains(name);
                self.preformatted += usize::from(*name == b"pre");
                self.separate(name);
            }
            CallbackEvent::EndTag { name } => {
                self.skips = false;
                if *name == b"pre" {
                    self.preformatted = self.preformatted.saturating_sub(1);
                }
                self.separate(name);
            }
            CallbackEvent::String { value } if !self.skips => {
                String::from_utf8_lossy(value).chars().for_each(|char| self.push(char));
            }
            _ => {}
        }
    }

    fn separate(&mut self, element: &[u8]) {
        self.needs_break |= BLOCKS.contains(&element);
        self.needs_blank |= CELLS.contains(&element);
    }

    fn push(&mut self, char: char) {
        if self.preformatted == 0 && char.is_whitespace() {
            self.needs_blank = true;
            return;
        }
        if !self.out.is_empty() {
            if self.needs_break {
                self.out.push('\n');
            } else if self.needs_blank {
                self.out.push(' ');
            }
        }
        (self.needs_break, self.needs_blank) = (false, false);
        self.out.push(char);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_plain_text() {
        for (html, expected) in [
            ("plain  text\nstays", "plain  text\nstays"),
            ("R&amp;D\n caf&eacute; &#8364;&nbsp;5", "R&D\n café €\u{a0}5"),
            ("<strong>caf&eacute;</strong>s <i>a</i>b", "cafés ab"),
            ("<p>One\n two</p>\n<p>Three<br/>four</p>", "One two\nThree\nfour"),
            ("<ul><li>a<li>b</ul>c", "a\nb\nc"),
            ("a<script>if (1 < 2) { \"</p>\" }</script><style>p{}</style>b", "ab"),
            ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
            ("<pre>a\n  b</pre> c", "a\n  b\nc"),
            ("a < b && c > d <3", "a < b && c > d <3"),
            ("<!-- hidden --><a href=\"x>y\" title='<b>'>link</a>", "link"),
            ("unclosed <b>tag <p", "unclosed tag"),
            ("<DIV>Upper</DIV><div>lower", "Upper\nlower"),
            ("&lt;b&gt;&unknown; &copy", "<b>&unknown; ©"),
        ] {
            assert_eq!(plain_text(html), expected, "{html}");
        }
        assert_eq!(plain_text(&"<div>".repeat(100_000)), "");
    }
}
