use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "crawl_pages")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) crawl_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) position: i64,
    pub(crate) sweep: i32,
    pub(crate) attempts: i32,
    pub(crate) status: Option<i32>,
    pub(crate) documents: i32,
    pub(crate) hash: Option<String>,
    pub(crate) failures: String,
    pub(crate) rejections: Option<String>,
    pub(crate) fetched_at: DateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
