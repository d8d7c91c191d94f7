use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "crawls")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) source: String,
    pub(crate) state: String,
    pub(crate) started_at: DateTimeWithTimeZone,
    pub(crate) finished_at: Option<DateTimeWithTimeZone>,
    pub(crate) pages_fetched: i64,
    pub(crate) attempts: i64,
    pub(crate) documents_seen: i64,
    pub(crate) inserted: i64,
    pub(crate) updated: i64,
    pub(crate) unchanged: i64,
    pub(crate) deleted: i64,
    pub(crate) rejected: i64,
    pub(crate) expected_total: Option<i64>,
    pub(crate) error: Option<String>,
    pub(crate) allow_shrink: bool,
    pub(crate) cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
