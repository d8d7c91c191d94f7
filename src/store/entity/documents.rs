use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "documents")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: Uuid,
    pub(in crate::store) source: String,
    pub(in crate::store) key: String,
    pub(in crate::store) title: Option<String>,
    pub(in crate::store) text: String,
    pub(in crate::store) category: Option<String>,
    pub(in crate::store) author_id: Option<Uuid>,
    pub(in crate::store) author_key: Option<String>,
    pub(in crate::store) author_name: Option<String>,
    pub(in crate::store) published_at: Option<DateTimeWithTimeZone>,
    pub(in crate::store) attributes: String,
    pub(in crate::store) content_hash: String,
    pub(in crate::store) revision: i64,
    pub(in crate::store) indexed_at: DateTimeWithTimeZone,
    pub(in crate::store) deleted_at: Option<DateTimeWithTimeZone>,
    pub(in crate::store) tally: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
