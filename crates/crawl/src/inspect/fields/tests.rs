use serde_json::{Value, json};

use super::*;
use crate::fixtures::json_of;

/// The guesses as `name=pointer` in the order of the settings.
fn guessed(items: &Value) -> String {
    let items: Vec<Json> = items.as_array().expect("a list").iter().map(json_of).collect();
    let found = guess_fields(&items.iter().collect::<Vec<_>>(), false);
    let all = [
        ("key", found.key),
        ("text", found.text),
        ("title", found.title),
        ("category", found.category),
        ("author_key", found.author_key),
        ("author_name", found.author_name),
        ("at", found.published_at),
    ];
    let shown = all.into_iter().filter_map(|(name, guess)| Some(format!("{name}={}", guess?.pointer)));
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn fields_are_guessed_by_name_and_value() {
    for (items, expected) in [
        (
            json!([
                {"id": 1, "message": "Hello there", "user_id": 7, "user_name": "Ann", "timestamp": "2026-01-02T03:04:05Z"},
                {"id": 2, "message": "And you", "user_id": 8, "user_name": "Lee", "timestamp": "2026-01-02T03:04:06Z"},
            ]),
            "key=/id text=/message author_key=/user_id author_name=/user_name at=/timestamp",
        ),
        (
            json!([
                {"id": 5, "date": "2026-01-02T04:04:05", "date_gmt": "2026-01-02T03:04:05", "author": 3, "type": "post",
                 "title": {"rendered": "One"}, "content": {"rendered": "<p>Some long text</p>"}, "link": "https://h/1"},
                {"id": 6, "date": "2026-01-02T04:04:05", "date_gmt": "2026-01-02T03:04:05", "author": 3, "type": "post",
                 "title": {"rendered": "Two"}, "content": {"rendered": "<p>Some other text</p>"}, "link": "https://h/2"},
            ]),
            "key=/id text=/content/rendered title=/title/rendered author_key=/author at=/date_gmt",
        ),
        (
            json!([
                {"node": {"id": "a", "body": "x y", "author": {"id": "u", "name": "Ann"}}},
                {"node": {"id": "b", "body": "z", "author": {"id": "u", "name": "Ann"}}},
            ]),
            "key=/node/id text=/node/body author_key=/node/author/id author_name=/node/author/name",
        ),
        (
            json!([
                {"type": "articles", "id": "1", "attributes": {"title": "T", "body": "B b"}},
                {"type": "articles", "id": "2", "attributes": {"title": "U", "body": "C c"}},
            ]),
            "key=/id text=/attributes/body title=/attributes/title",
        ),
        (
            // Contentful
            json!([
                {"sys": {"id": "4BqrajvA8E6qwgkieoqmqO", "type": "Entry", "createdAt": "2026-01-02T03:04:05Z", "revision": 1},
                 "fields": {"sku": "A-1", "title": {"en-US": "One"}, "body": {"en-US": "A story that is long enough"}}},
                {"sys": {"id": "7leLzv8hW06amGmke86y8G", "type": "Entry", "createdAt": "2026-01-02T03:04:06Z", "revision": 1},
                 "fields": {"sku": "A-2", "title": {"en-US": "Two"}, "body": {"en-US": "Another story of some length"}}},
            ]),
            "key=/sys/id text=/fields/body/en-US title=/fields/title/en-US at=/sys/createdAt",
        ),
        (
            // Jira
            json!([
                {"id": "1", "fields": {"summary": "The lamp is broken", "description": null, "labels": ["a"]}},
                {"id": "2", "fields": {"summary": "The chair is broken", "description": "It has three legs, and one of them is loose."}},
                {"id": "3", "fields": {"summary": "The door is open", "description": "It does not close any more since last week."}},
            ]),
            "key=/id text=/fields/description title=/fields/summary",
        ),
        (
            // The New York Times
            json!([
                {"_id": "a", "headline": {"main": "One story", "kicker": null}, "abstract": "A text about the first story"},
                {"_id": "b", "headline": {"main": "Two tales", "kicker": null}, "abstract": "A text about the second story"},
            ]),
            "key=/_id text=/abstract title=/headline/main",
        ),
        (
            // ServiceNow
            json!([
                {"sys_id": "a1", "short_description": "No mail", "description": "The mail of the whole office does not arrive", "subtitle": "x"},
                {"sys_id": "a2", "short_description": "No sound", "description": "The speakers of the whole office are silent", "subtitle": "y"},
            ]),
            "key=/sys_id text=/description title=/short_description",
        ),
        (
            // Reddit
            json!([
                {"data": {"id": "a", "title": "One", "selftext": "A long text", "author": "ann", "author_fullname": "t2_x"}},
                {"data": {"id": "b", "title": "Two", "selftext": "Other text", "author": "lee", "author_fullname": "t2_y"}},
            ]),
            "key=/data/id text=/data/selftext title=/data/title author_name=/data/author",
        ),
        (
            // Crossref
            json!([
                {"DOI": "10.1/a", "id": 1, "title": ["One"], "abstract": "A long text", "publisher": "P", "author": [{"given": "Ann", "family": "Lee"}]},
                {"DOI": "10.1/b", "id": 2, "title": ["Two"], "abstract": "Other text", "publisher": "Q", "author": [{"given": "Bob", "family": "May"}]},
            ]),
            "key=/id text=/abstract title=/title/0",
        ),
        (
            // Dynamics
            json!([
                {"accountid": "00000001-1111", "name": "Acme", "description": "A company of some size"},
                {"accountid": "00000002-1111", "name": "Umbrella", "description": "Another one that is larger"},
            ]),
            "key=/accountid text=/description title=/name",
        ),
        (
            // The Guardian
            json!([
                {"id": "world/1", "type": "article", "webTitle": "One story", "webPublicationDate": "2026-01-02T03:04:05Z"},
                {"id": "world/2", "type": "article", "webTitle": "Two tales", "webPublicationDate": "2026-01-02T03:04:06Z"},
                {"id": "world/3", "type": "article", "webTitle": "More news", "webPublicationDate": "2026-01-02T03:04:07Z"},
            ]),
            "key=/id text=/webTitle at=/webPublicationDate",
        ),
        (
            // MongoDB
            json!([
                {"_id": {"$oid": "6592008029c8c3e4dc76256c"}, "title": "One", "plot": "It begins", "at": {"$date": "2026-01-02T03:04:05Z"}},
                {"_id": {"$oid": "6592008029c8c3e4dc76256d"}, "title": "Two", "plot": "It ends", "at": {"$date": "2026-01-02T03:04:05Z"}},
            ]),
            "key=/_id/$oid text=/title",
        ),
        (
            // HubSpot
            json!([
                {"id": "51", "properties": {"name": "Acme", "domain": "acme.example", "hs_object_id": "51"}, "createdAt": "2026-01-02T03:04:05Z", "archived": false},
                {"id": "52", "properties": {"name": "Umbrella", "domain": "umbrella.example", "hs_object_id": "52"}, "createdAt": "2026-01-02T03:04:06Z", "archived": false},
            ]),
            "key=/id text=/properties/name at=/createdAt",
        ),
        (
            // FHIR
            json!([
                {"fullUrl": "http://h/Patient/a", "resource": {"resourceType": "Patient", "id": "a", "meta": {"versionId": "1"},
                 "text": {"status": "generated", "div": "<div>Ann Lee, born in 1974</div>"}, "name": [{"family": "Lee"}]}, "search": {"mode": "match"}},
                {"fullUrl": "http://h/Patient/b", "resource": {"resourceType": "Patient", "id": "b", "meta": {"versionId": "1"},
                 "text": {"status": "generated", "div": "<div>Bob May, born in 1975</div>"}, "name": [{"family": "May"}]}, "search": {"mode": "match"}},
            ]),
            "key=/resource/id text=/resource/text/div",
        ),
        (
            // Elasticsearch
            json!([
                {"_index": "news", "_id": "x1", "_score": 1.0, "_source": {"headline": "One", "content": "A long text", "tags": ["a"]}},
                {"_index": "news", "_id": "x2", "_score": 1.0, "_source": {"headline": "Two", "content": "Other text", "tags": ["b"]}},
            ]),
            "key=/_id text=/_source/content title=/_source/headline",
        ),
        (
            // Airtable
            json!([
                {"id": "rec1", "createdTime": "2026-01-02T03:04:05Z", "fields": {"Name": "One", "Notes": "Some notes", "Status": "Todo"}},
                {"id": "rec2", "createdTime": "2026-01-02T03:04:06Z", "fields": {"Name": "Two", "Notes": "Other notes", "Status": "Todo"}},
            ]),
            "key=/id text=/fields/Notes title=/fields/Name at=/createdTime",
        ),
        (
            // Notion
            json!([
                {"object": "page", "id": "be633bf1", "created_time": "2026-01-02T03:04:05Z", "parent": {"database_id": "d1"}, "properties": {
                    "Name": {"id": "title", "type": "title", "title": [{"type": "text", "text": {"content": "One"}, "plain_text": "One"}]},
                    "Notes": {"id": "x", "type": "rich_text", "rich_text": [{"type": "text", "text": {"content": "Some notes"}, "plain_text": "Some notes"}]}}},
                {"object": "page", "id": "a91e35f0", "created_time": "2026-01-02T03:04:06Z", "parent": {"database_id": "d1"}, "properties": {
                    "Name": {"id": "title", "type": "title", "title": [{"type": "text", "text": {"content": "Two"}, "plain_text": "Two"}]},
                    "Notes": {"id": "x", "type": "rich_text", "rich_text": [{"type": "text", "text": {"content": "Other notes"}, "plain_text": "Other notes"}]}}},
            ]),
            "key=/id text=/properties/Notes/rich_text/0/plain_text title=/properties/Name/title/0/plain_text at=/created_time",
        ),
        (
            // Salesforce
            json!([
                {"attributes": {"type": "Account", "url": "/services/data/v59.0/sobjects/Account/001A"}, "Id": "001A", "Name": "Acme"},
                {"attributes": {"type": "Account", "url": "/services/data/v59.0/sobjects/Account/001B"}, "Id": "001B", "Name": "Umbrella"},
            ]),
            "key=/Id text=/Name",
        ),
        (
            // YouTube
            json!([
                {"kind": "youtube#searchResult", "etag": "e1", "id": {"kind": "youtube#video", "videoId": "v1"}, "snippet": {"channelId": "UC1", "title": "One", "description": "About it", "publishedAt": "2026-01-02T03:04:05Z"}},
                {"kind": "youtube#searchResult", "etag": "e2", "id": {"kind": "youtube#video", "videoId": "v2"}, "snippet": {"channelId": "UC2", "title": "Two", "description": "About that", "publishedAt": "2026-01-02T03:04:06Z"}},
            ]),
            "key=/id/videoId text=/snippet/description title=/snippet/title at=/snippet/publishedAt",
        ),
        (
            // Crossref
            json!([
                {"DOI": "10.1/a", "title": ["One"], "abstract": "About it", "author": [{"given": "Ann", "family": "Lee"}]},
                {"DOI": "10.1/b", "title": ["Two"], "abstract": "About that", "author": [{"given": "Bob", "family": "May"}]},
            ]),
            "key=/DOI text=/abstract title=/title/0",
        ),
        (
            json!([{"code": "DE", "name": "Germany"}, {"code": "FR", "name": "France"}]),
            "key=/code text=/name",
        ),
    ] {
        assert_eq!(guessed(&items), expected, "{items}");
    }
}

#[test]
fn a_repeated_id_is_not_the_key_if_another_member_is_unique() {
    let items = json!([{"id": 1, "uuid": "a", "text": "x"}, {"id": 1, "uuid": "b", "text": "y"}]);
    assert_eq!(guessed(&items), "key=/uuid text=/text");
}

#[test]
fn prose_is_not_the_key() {
    let items = json!([
        {"ts": "1767323045.000100", "text": "Hello", "user": "U1", "type": "message"},
        {"ts": "1767323046.000100", "text": "Bye", "user": "U2", "type": "message"},
    ]);
    assert_eq!(guessed(&items), "key=/ts text=/text author_name=/user at=/ts");
    let items = json!([
        {"id": "a", "volumeInfo": {"title": "One", "description": "About it"}},
        {"id": "b", "volumeInfo": {"title": "Two", "description": "About it"}},
    ]);
    assert_eq!(guessed(&items), "key=/id text=/volumeInfo/description title=/volumeInfo/title");
}

#[test]
fn members_that_may_be_a_field_are_candidates() {
    let candidates = |items: &Value| {
        let items: Vec<Json> = items.as_array().expect("a list").iter().map(json_of).collect();
        let found = guess_fields(&items.iter().collect::<Vec<_>>(), false);
        (found.key_candidates.join(" "), found.text_candidates.join(" "))
    };
    for (items, keys, texts) in [
        (
            json!([
                {"id": "1", "properties": {"firstname": "Ann", "lastname": "Lee", "email": "ann@lee.example"}},
                {"id": "2", "properties": {"firstname": "Bob", "lastname": "May", "email": "bob@may.example"}},
            ]),
            "",
            "/properties/email /properties/firstname /properties/lastname",
        ),
        (
            json!([
                {"quantity": 2, "product": {"id": 7, "title": "Tea"}, "description": "Green tea"},
                {"quantity": 3, "product": {"id": 8, "title": "Jam"}, "description": "Plum jam"},
            ]),
            "/product/id /description /quantity",
            "",
        ),
        (
            json!([
                {"serial": "S-1", "batch": "B-7", "description": "Green tea"},
                {"serial": "S-2", "batch": "B-8", "description": "Plum jam"},
            ]),
            "/batch /serial /description",
            "",
        ),
        (json!([{"parent_id": 1, "text": "One"}, {"parent_id": 2, "text": "Two"}]), "/parent_id /text", ""),
        (json!([{"user_id": 1, "text": "One"}, {"user_id": 2, "text": "Two"}]), "", ""),
    ] {
        assert_eq!(candidates(&items), (keys.to_owned(), texts.to_owned()), "{items}");
    }
}

#[test]
fn the_key_is_the_id_of_the_item_and_not_of_another_thing() {
    for (items, expected) in [
        (
            // A list of changes: the ids of pages are in no order, those of earlier versions are others'.
            json!([
                {"old_version_id": 71, "page_id": 12, "entry_id": 903, "comment": "Fixed a word"},
                {"old_version_id": 70, "page_id": 40, "entry_id": 902, "comment": "Added a source"},
                {"old_version_id": 66, "page_id": 31, "entry_id": 901, "comment": "Removed a line"},
            ]),
            "key=/entry_id text=/comment",
        ),
        (
            json!([
                {"client_message_id": "0b1c-1", "ts": "1767323045.000100", "text": "Hello you"},
                {"client_message_id": "0b1c-2", "ts": "1767323046.000100", "text": "Bye bye"},
            ]),
            "key=/ts text=/text at=/ts",
        ),
        (
            json!([
                {"link": "https://h/works/10.5/ab", "handle_no": "10.5/AB", "abstract": "About it"},
                {"link": "https://h/works/10.5/cd", "handle_no": "10.5/CD", "abstract": "About that"},
            ]),
            "key=/handle_no text=/abstract",
        ),
        (
            json!([{"link": "https://h/b/1", "name": "Oak"}, {"link": "https://h/b/2", "name": "Elm"}]),
            "key=/link text=/name",
        ),
        (
            json!([{"client_id": 4, "name": "Acme"}, {"client_id": 3, "name": "Umbrella"}]),
            "key=/client_id text=/name",
        ),
    ] {
        assert_eq!(guessed(&items), expected, "{items}");
    }
}

#[test]
fn other_ids_of_the_items_are_named() {
    let items =
        json!([{"entry_id": 9, "page_id": 4, "text": "One"}, {"entry_id": 8, "page_id": 7, "text": "Two"}]);
    let items: Vec<Json> = items.as_array().expect("a list").iter().map(json_of).collect();
    assert_eq!(guess_fields(&items.iter().collect::<Vec<_>>(), false).other_keys, ["/page_id"]);
}

#[test]
fn a_date_is_known_by_its_values_and_the_parts_of_its_name() {
    let [first, second] = ["2026-01-02T03:04:05Z", "2026-01-02 03:04:06"];
    let guessed_date = |one: Value, two: Value| {
        let mut items = json!([{"id": 1, "text": "One"}, {"id": 2, "text": "Two"}]);
        for (item, more) in items.as_array_mut().expect("a list").iter_mut().zip([one, two]) {
            item.as_object_mut().expect("an item").extend(more.as_object().expect("members").clone());
        }
        let items: Vec<Json> = items.as_array().expect("a list").iter().map(json_of).collect();
        let found = guess_fields(&items.iter().collect::<Vec<_>>(), false);
        (found.published_at.map(|guess| guess.pointer), found.other_dates.join(" "))
    };
    let date = |pointer: &str| (Some(pointer.to_owned()), String::new());
    for (name, expected) in [
        ("createdDateTime", date("/createdDateTime")),
        ("sys_created_on", date("/sys_created_on")),
        ("lastUpdateTime", date("/lastUpdateTime")),
        ("firstSeen", date("/firstSeen")),
        ("dateOfLastActivity", date("/dateOfLastActivity")),
        ("tokenExpiresAt", (None, "/tokenExpiresAt".to_owned())),
        ("due_date", (None, "/due_date".to_owned())),
        ("moment", (None, "/moment".to_owned())),
    ] {
        assert_eq!(guessed_date(json!({name: first}), json!({name: second})), expected, "{name}");
    }
    for (outer, inner, expected) in [
        ("history", "createdDate", date("/history/createdDate")),
        ("created", "date-time", date("/created/date-time")),
        ("assignee", "createdDate", (None, String::new())),
        ("author", "created_at", (None, String::new())),
    ] {
        let at = |at: &str| json!({outer: {inner: at}});
        assert_eq!(guessed_date(at(first), at(second)), expected, "{outer} {inner}");
    }
    let at = |seconds: i64, parts: i64| json!({"created_at_i": seconds, "duration": parts});
    assert_eq!(guessed_date(at(1_767_323_045, 1_767_323_045), at(1_767_323_046, 3)), date("/created_at_i"));
    let at =
        |created: &str, published: &str| json!({"recordCreated": created, "firstPublicationDate": published});
    assert_eq!(guessed_date(at(first, first), at(second, second)), date("/firstPublicationDate"));
    let at = |created: &str, moment: Value| json!({"recordCreated": created, "wasChanged": moment});
    assert_eq!(guessed_date(at(first, json!(false)), at(second, json!(first))), date("/recordCreated"));
    assert_eq!(guessed_date(json!({"recordCreated": first}), json!({"recordCreated": "soon"})).0, None);
}

#[test]
fn texts_titles_and_authors_are_known_by_their_shapes() {
    let story = |start: &str| {
        format!("<p>{start} <b>and</b> there the story goes on for a good while, until it ends</p>")
    };
    for (items, expected) in [
        (
            json!([
                {"id": 1, "title": "One", "excerpt": "It was late and there the story", "html": story("It was late")},
                {"id": 2, "title": "Two", "excerpt": "It was dark and there the story", "html": story("It was dark")},
            ]),
            "key=/id text=/html title=/title",
        ),
        (
            json!([
                {"id": "a", "attributes": {"titles": [{"title": "One paper"}], "creators": [{"name": "Lee, Ann"}], "publisher": "Press",
                 "descriptions": [{"description": "x"}], "abstract": "About many things"}},
                {"id": "b", "attributes": {"titles": [{"title": "Two papers"}], "creators": [{"name": "May, Bob"}], "publisher": "Press",
                 "descriptions": [{"description": "y"}], "abstract": "About other things"}},
            ]),
            "key=/id text=/attributes/abstract title=/attributes/titles/0/title author_name=/attributes/creators/0/name",
        ),
        (
            json!([
                {"id": 1, "thingLabel": {"value": "Old bridge"}, "description": "A bridge over the river in the town"},
                {"id": 2, "thingLabel": {"value": "New mill"}, "description": "A mill beside the river in the town"},
            ]),
            "key=/id text=/description title=/thingLabel/value",
        ),
        (
            json!([
                {"id": "1", "Bezeichnung": "Alte Brücke", "status": "offen", "text": "Eine Brücke über den Fluss in der Stadt"},
                {"id": "2", "Bezeichnung": "Neue Mühle", "status": "zu", "text": "Eine Mühle an dem Fluss in der Stadt"},
            ]),
            "key=/id text=/text title=/Bezeichnung",
        ),
        (
            // Which of two phrases is the title is unknown.
            json!([
                {"id": "1", "street": "Elm Road", "town": "Old Town", "text": "The lamp beside the door is broken"},
                {"id": "2", "street": "Oak Road", "town": "New Town", "text": "The door beside the lamp is broken"},
            ]),
            "key=/id text=/text",
        ),
    ] {
        assert_eq!(guessed(&items), expected, "{items}");
    }
}
