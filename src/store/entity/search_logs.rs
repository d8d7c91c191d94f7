use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "search_logs")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: Uuid,
    pub(in crate::store) session_id: String,
    pub(in crate::store) user_id: Option<String>,
    pub(in crate::store) query: String,
    pub(in crate::store) query_key: String,
    pub(in crate::store) truncated: bool,
    pub(in crate::store) keystrokes: i64,
    pub(in crate::store) result_count: Option<i64>,
    pub(in crate::store) reason: String,
    pub(in crate::store) started_at: DateTimeWithTimeZone,
    pub(in crate::store) last_keystroke_at: DateTimeWithTimeZone,
    pub(in crate::store) logged_at: DateTimeWithTimeZone,
    pub(in crate::store) call_id: Uuid,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
