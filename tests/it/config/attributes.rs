//! Declared attributes, and sources without crawls.

use quarry::config::AttributeUse;

use super::{SOURCE, load, refusal};

const PUSHED: &str = "[[sources]]\nname = \"shop\"\nlanguage = \"german\"\n[[sources.attributes]]\nname = \"price\"\n\
                      type = \"number\"\n[[sources.attributes]]\nname = \"brand\"\npointer = \"/maker/name\"\n\
                      type = \"string\"\nuses = [\"facet\"]\n";

#[test]
fn a_source_without_settings_of_crawls_is_pushed() {
    let settings = load(PUSHED, &[]).unwrap();
    assert!(settings.sources.crawled.is_empty());
    let contents: Vec<_> = settings.sources.contents().collect();
    assert_eq!(contents[0].name.as_str(), "shop");
    let [price, brand] = contents[0].attributes else { panic!("{contents:?}") };
    assert_eq!((price.path(), brand.path()), ("/price".to_owned(), "/maker/name".to_owned()));
    assert!(
        price.has(AttributeUse::Sort) && !brand.has(AttributeUse::Sort) && !price.has(AttributeUse::Search)
    );
    // What is printed can be loaded again.
    let again = load(&settings.to_toml_redacted(), &[]).unwrap();
    assert_eq!(again.sources, settings.sources);
}

#[test]
fn attributes_that_contradict_each_other_are_rejected() {
    let shop = |attributes: &str| format!("[[sources]]\nname = \"shop\"\n{attributes}");
    let declared = |fields: &str| format!("[[sources.attributes]]\n{fields}\n");
    for (attributes, expected) in [
        (declared("name = \"price\""), "`sources.0.attributes.0.type` is missing"),
        (declared("name = \"a b\"\ntype = \"number\""), "must be a name of at most 64 letters"),
        (declared("name = \"category\"\ntype = \"string\""), "must be a name of at most 64 letters"),
        (declared("name = \"price\"\ntype = \"money\""), "must be one of `string`, `text`, `number`"),
        (declared("name = \"price\"\ntype = \"number\"\npointer = \"price\""), "must be a JSON pointer"),
        (
            declared("name = \"price\"\ntype = \"number\"\nuses = [\"search\"]"),
            "contains `search`, but the uses of a `number` are one of `filter`, `facet`, `sort`",
        ),
        (
            declared("name = \"price\"\ntype = \"number\"").repeat(2),
            "`sources.0.attributes.1.name` is \"price\", which another attribute of the source has",
        ),
        (
            declared("name = \"price\"\ntype = \"number\"")
                + "[[sources]]\nname = \"other\"\n"
                + &declared("name = \"price\"\ntype = \"string\""),
            "`sources.1.attributes.0.type` is \"string\", but \"price\" is a \"number\" in another source",
        ),
        (
            declared("name = \"price\"\ntype = \"number\"\nweight = 2"),
            "`sources.0.attributes.0.weight` is the weight of searched words, but `uses` has no `search`",
        ),
        (declared("name = \"notes\"\ntype = \"text\"\nweight = 11"), "must be a number from 0 to 10"),
        (
            declared("name = \"notes\"\ntype = \"text\"\nweight = 2")
                + "[[sources]]\nname = \"other\"\n"
                + &declared("name = \"notes\"\ntype = \"text\""),
            "`sources.1.attributes.0.weight` is 0, but \"notes\" has the weight 2 in another source",
        ),
    ] {
        let error = refusal(&shop(&attributes), &[]);
        assert!(error.contains(expected), "{attributes}: {error}");
    }
    let crawled = SOURCE.to_owned()
        + "[[sources.attributes]]\nname = \"subject\"\npointer = \"/message\"\ntype = \"string\"\n";
    let error = refusal(&crawled, &[]);
    assert!(error.contains("which `fields` maps"), "{error}");
}
