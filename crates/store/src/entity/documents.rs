use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "documents")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) source: String,
    pub(crate) key: String,
    pub(crate) title: Option<String>,
    pub(crate) text: String,
    pub(crate) category: Option<String>,
    pub(crate) author_id: Option<Uuid>,
    pub(crate) author_key: Option<String>,
    pub(crate) author_name: Option<String>,
    pub(crate) published_at: Option<DateTimeWithTimeZone>,
    pub(crate) attributes: String,
    pub(crate) content_hash: String,
    pub(crate) revision: i64,
    pub(crate) indexed_at: DateTimeWithTimeZone,
    pub(crate) deleted_at: Option<DateTimeWithTimeZone>,
    pub(crate) tally: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
